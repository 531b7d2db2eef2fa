"""The history page."""

from __future__ import annotations

import math

import pytest

from cxr_core.records import Label
from cxr_core.store import audit
from cxr_core.store.db import opened, rows
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm


@pytest.fixture
def read(home, arrive, ann):
    """A read of ann's that agrees."""
    image = arrive(1)
    prediction = reviewing.case(home, COMMAND_LINE, image).prediction["id"]
    return recording.submit(home, ann, ReadForm(image, prediction, Label.PNEUMONIA))


def test_a_revision_is_a_new_row_and_the_old_one_is_shown_as_superseded(show, home, read):
    app = show("history", "ann", read=str(read))
    app.radio[0].set_value("Normal")
    app.selectbox[0].set_value("rotation")
    app.button[0].click().run()
    assert list(app.dataframe[0].value["State"]) == ["current", "superseded"]
    newest, old = reviewing.history(home, COMMAND_LINE)
    assert newest["supersedes"] == old["id"] == read
    assert newest["model"] == old["model"], "a revision answers the opinion that was seen"


def test_the_times_are_said_to_be_utc(show, read):
    assert '"When (UTC)"' in show("history", "ann").dataframe[0].proto.columns


def test_a_revision_without_the_reason_it_needs_says_so_and_records_nothing(show, home, read):
    app = show("history", "ann", read=str(read))
    app.radio[0].set_value("Normal")
    app.button[0].click().run()
    assert "choose a reason" in app.error[0].value
    assert len(reviewing.history(home, COMMAND_LINE)) == 1


def test_a_revision_that_changes_nothing_says_so_and_records_nothing(show, home, read):
    app = show("history", "ann", read=str(read))
    app.button[0].click().run()
    assert "changes nothing" in app.error[0].value
    assert len(reviewing.history(home, COMMAND_LINE)) == 1


def click(app, row):
    """Click a row of the table, as a person would."""
    [key] = [table.key for table in app.dataframe]
    app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [[row, "Read"]]}}
    app.run()


def test_the_form_stays_with_its_read_when_a_revision_or_a_filter_moves_the_rows(show, home, said, ann, arrive):
    for number in range(1, 4):
        image = arrive(number)
        prediction = reviewing.case(home, COMMAND_LINE, image).prediction["id"]
        recording.submit(home, ann, ReadForm(image, prediction, Label.PNEUMONIA))
    app = show("history", "ann", read="3")
    click(app, 1)
    assert "<h3>Read 2: patient" in said(app)
    app.text_area[0].set_value("seen again")
    app.button[0].click().run()
    assert "<h3>Read 4: patient" in said(app), "the revision, which is the first row now"
    app.toggle(key="flagged").set_value(True).run()
    assert "No reads to show" in said(app)
    assert "<h3>Read 4: patient" in said(app), "hidden from the table, still in hand"
    app.toggle(key="flagged").set_value(False).run()
    click(app, 3)
    app.segmented_control(key="whose-reads").set_value("Mine").run()
    assert "<h3>Read 1: patient" in said(app)


def test_a_revision_shows_no_time(show, read, home, ann):
    prediction = reviewing.history(home, COMMAND_LINE)[0]["prediction"]
    image = reviewing.history(home, COMMAND_LINE)[0]["image"]
    recording.revise(home, ann, read, ReadForm(image, prediction, Label.PNEUMONIA, comment="left"))
    [revision, first] = show("history", "ann").dataframe[0].value["Seconds"]
    assert (math.isnan(revision), first) == (True, 0.0)


@pytest.mark.parametrize(("whose", "address"), [("All", "/history.csv"), ("Mine", "/history.csv?whose=mine")])
def test_the_export_is_of_those_whose_reads_are_shown(show, said, read, whose, address):
    assert f'href="{address}"' in said(show("history", "ann", **{"whose-reads": whose}))


@pytest.mark.parametrize(
    ("who", "next_step", "is_reader"),
    [("ann", "Open a case from the worklist", True), ("bob", "What radiologists record", False),
     ("eva", "What radiologists record", False)],
)  # fmt: skip
def test_whoever_records_no_reads_is_neither_told_to_nor_offered_their_own(show, said, who, next_step, is_reader):
    app = show("history", who, **{"whose-reads": "Mine"})
    assert next_step in said(app)
    assert [control.key for control in app.segmented_control] == ["whose-reads"] * is_reader
    assert ('href="/history.csv?whose=mine"' in said(app)) is is_reader


def test_where_a_filter_hides_all_that_is_said(show, said, read):
    assert "Of 1 read none disagrees" in said(show("history", "bob", flagged="true"))


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
