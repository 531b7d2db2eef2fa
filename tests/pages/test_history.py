"""The history page."""

from __future__ import annotations

import pytest

from cxr_core.records import Label
from cxr_core.store import audit
from cxr_core.store.db import opened, rows
from cxr_core.work import reviewing
from cxr_core.work.reviewing import ReadForm


@pytest.fixture
def read(home, arrive, ann):
    """A read of ann's that agrees."""
    image = arrive(1)
    prediction = reviewing.case(home, image).prediction["id"]
    return reviewing.submit(home, ann, ReadForm(image, prediction, Label.PNEUMONIA))


def test_a_revision_is_a_new_row_and_the_old_one_is_shown_as_superseded(show, home, read):
    app = show("history", "ann", read=str(read))
    app.radio[0].set_value("Normal")
    app.selectbox[0].set_value("rotation")
    app.button[0].click().run()
    assert list(app.dataframe[0].value["State"]) == ["current", "superseded"]
    newest, old = reviewing.history(home)
    assert newest["supersedes"] == old["id"] == read
    assert newest["model"] == old["model"], "a revision answers the opinion that was seen"


def test_a_revision_without_the_reason_it_needs_says_so_and_records_nothing(show, home, read):
    app = show("history", "ann", read=str(read))
    app.radio[0].set_value("Normal")
    app.button[0].click().run()
    assert "choose a reason" in app.error[0].value
    assert len(reviewing.history(home)) == 1


def test_nobody_revises_somebody_elses_read(show, said, read):
    app = show("history", "bob", read=str(read))
    assert "Only ann may revise" in said(app)
    assert not app.button


def test_only_disagreements_can_be_shown(show, said, read):
    app = show("history", "ann", flagged="true")
    assert "No reads to show" in said(app)


def test_looking_at_the_page_exports_nothing(show, home, read):
    show("history", "ann")
    with opened(home) as db:
        assert not rows(db, "SELECT 1 FROM audit WHERE action = 'export history'")
        assert audit.verify(db) > 0
