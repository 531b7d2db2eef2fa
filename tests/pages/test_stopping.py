"""The stop switch on the screens."""

from __future__ import annotations

import json

import pytest

from cxr_core.records import Label, Mode, Role
from cxr_core.store.db import opened
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import stopping
from cxr_core.work.reading_room import recording
from tests.pages.forms import record

WHY = "too many <b>misses</b>"
ESCAPED = "too many &lt;b&gt;misses&lt;/b&gt;"


@pytest.fixture
def stopped(home):
    """An admin has switched the opinion off."""
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    stopping.stop(home, eve, WHY)


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_every_page_says_that_the_opinion_is_off_since_when_by_whom_and_why(banner, home, said, who):
    assert said(banner("stopping", who)) == ""
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    stopping.stop(home, eve, WHY)
    text = said(banner("stopping", who))
    assert "is switched off since 20" in text
    assert f"UTC by eve: {ESCAPED}. Cases are read as without it." in text
    assert "<b>misses" not in text


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_the_review_page_says_it_in_the_opinions_place_and_draws_no_heatmap(show, arrive, said, stopped, who):
    image = arrive(1, 0.876)
    app = show("review", who, image=image)
    assert not app.exception
    assert "Switched off" in said(app)
    assert f"by eve: {ESCAPED}." in said(app)
    assert "88 %" not in said(app)
    assert "0.876" not in app.get("bidi_component")[0].proto.json
    assert json.loads(app.get("bidi_component")[0].proto.json)["heatmap"] is None


@pytest.mark.parametrize("mode", [Mode.CONCURRENT, Mode.SECOND_READER])
def test_a_case_is_read_with_one_answer_and_the_next_one_comes(show, arrive, home, stopped, mode):
    first, second = arrive(1), arrive(2)
    with opened(home) as db:
        db.execute("UPDATE images SET mode = ?", (mode.value,))
    app = show("review", "ann", image=first)
    assert [button.label for button in app.button][:2] == ["Normal", "Pneumonia"]
    app.button(key=f"Normal-{first}").click().run()
    assert record(app).label == "Record: Normal"
    record(app).click().run()
    assert not app.exception
    assert app.query_params["image"] == second


def test_what_a_reader_had_on_the_screen_when_the_stop_came_counts_as_seen(show, arrive, home):
    image = arrive(1)
    app = show("review", "ann", image=image)
    eve = people.add_user(home, COMMAND_LINE, "eve", Role.ADMIN, "a long password")
    stopping.stop(home, eve, WHY)
    app.run()
    assert [button.label for button in app.button][:2] == ["Normal", "Pneumonia"]
    app.button(key=f"Normal-{image}").click().run()
    record(app).click().run()
    with opened(home) as db:
        assert list(db.query("SELECT seen, agrees FROM reads")) == [{"seen": "directly", "agrees": 0}]


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_worklist_and_history_show_no_opinion(show, arrive, ann, home, who, stopped):
    recording.submit(home, ann, recording.ReadForm(arrive(1), None, Label.NORMAL))
    arrive(2)
    listed = show("worklist", who).dataframe[0].value
    assert list(listed["Model says"]) == [""]
    assert listed["Probability"].isna().all()
    read = show("history", who).dataframe[0].value
    assert list(read["Model said"]) == [""]
    assert list(read["Saw"]) == ["nothing"]


def test_an_admin_stops_with_a_reason_and_lifts_with_one(show, home, said):
    app = show("models", "bob")
    app.button[0].click().run()
    assert "say why" in app.error[0].value
    app.text_input[0].set_value("misses devices")
    app.button[0].click().run()
    assert stopping.standing(home, COMMAND_LINE).reason == "misses devices"
    assert app.button[0].label == "Show the opinion again"
    app.text_input[0].set_value("rolled back")
    app.button[0].click().run()
    assert stopping.standing(home, COMMAND_LINE) is None
    assert all(word in said(app) for word in ("misses devices", "rolled back"))


def test_a_reader_sees_past_stops_and_no_switch(show, said, stopped):
    app = show("models", "ann")
    assert ESCAPED in said(app)
    assert not app.button
