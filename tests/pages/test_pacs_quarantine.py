"""The PACS page's quarantine: the picture for an admin alone, and the ways out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cxr_core.settings import Settings
from cxr_core.store import jobs
from cxr_core.store.db import opened
from cxr_core.ui.film_shown import Place
from cxr_core.ui.quarantine_view import LOOK
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import holding
from tests.work.sites import query, work_off
from tests.work.written import hold_back


@pytest.fixture
def held(home):
    """A file in quarantine, brought by somebody of the site."""
    settings = Settings(home=home, threads=1)
    hold_back(settings)
    return settings


def looked_at(show, settings):
    """The page with the picture on it."""
    app = show("pacs", "bob", part="Quarantine")
    app.button(key="look-1").click().run()
    work_off(settings)
    return app.run()


def shown(app):
    """What the picture on the page is drawn from; None where there is none."""
    return next((json.loads(each.proto.json) for each in app.get("bidi_component")), None)


def edges(place):
    return [place["y"], place["x"], place["y"] + place["height"], place["x"] + place["width"]]


def taken(settings):
    """What the last decision says is to be blanked; None where it is refused."""
    (job,) = query(settings, "SELECT payload FROM jobs WHERE kind = 'intake' ORDER BY id DESC LIMIT 1")
    return json.loads(job["payload"]).get("blank")


def test_where_nothing_is_held_back_the_page_says_what_would_be(show, said):
    text = said(show("pacs", "bob", part="Quarantine"))
    assert "Nothing waits" in text
    assert "part=Quarantine" not in text


def test_every_part_tells_of_what_is_held_back(show, said, held):
    text = said(show("pacs", "bob", part="Senders"))
    assert '<a href="/pacs?part=Quarantine" target="_self">1 file</a> is held back' in text


def test_the_picture_is_on_the_page_once_the_worker_has_made_it_with_the_places_that_were_found(show, said, held):
    app = show("pacs", "bob", part="Quarantine")
    assert shown(app) is None
    app.button(key="look-1").click().run()
    assert "The worker makes the picture" in said(app)
    work_off(held)
    app.run()
    assert not app.exception
    (found,) = holding.held(held.home, COMMAND_LINE)
    picture = shown(app)
    assert picture["picture"].startswith("data:image/jpeg;base64,")
    assert [edges(place) for place in picture["places"]] == found.boxes + found.doubts
    kinds = [place["kind"] for place in picture["places"]]
    assert kinds == ["sure"] * len(found.boxes) + ["doubt"] * len(found.doubts)
    assert shown(app.run()) == picture


def test_taken_in_blanked_are_the_places_that_were_found(show, said, held):
    (found,) = holding.held(held.home, COMMAND_LINE)
    app = looked_at(show, held)
    count = len(found.boxes + found.doubts)
    assert app.button(key="take-1").label == f"Take in, with {count} places blanked"
    app.button(key="take-1").click().run()
    assert taken(held) == found.boxes + found.doubts
    assert "Nothing waits" in said(app)
    assert shown(app) is None


def test_blanked_are_those_that_are_left_and_those_that_were_drawn(show, held):
    app = looked_at(show, held)
    app.session_state[LOOK] = replace(app.session_state[LOOK], places=(Place(30.5, 40, 20, 10, "drawn"),))
    app.run()
    assert app.button(key="take-1").label == "Take in, with 1 place blanked"
    app.button(key="take-1").click().run()
    assert taken(held) == [[40, 30, 50, 51]]


def test_with_no_place_left_there_is_nothing_to_blank(show, held):
    app = looked_at(show, held)
    app.session_state[LOOK] = replace(app.session_state[LOOK], places=())
    app.run()
    assert app.button(key="take-1").disabled


def test_as_it_is_nothing_is_blanked(show, held):
    looked_at(show, held).button(key="as-is-1").click().run()
    assert taken(held) == []


def test_refused_it_is_gone(show, said, held):
    app = looked_at(show, held)
    assert "answered: not analysed" in said(app)
    app.button(key="refuse-1").click().run()
    assert taken(held) is None
    assert holding.held(held.home, COMMAND_LINE) == []


def test_one_that_somebody_else_has_decided_on_meanwhile_is_shown_no_more(show, said, held):
    app = looked_at(show, held)
    holding.discard(held.home, COMMAND_LINE, 1)
    app.button(key="as-is-1").click().run()
    assert taken(held) is None
    assert shown(app) is None


def test_a_picture_that_can_not_be_made_is_told_and_can_be_asked_for_again(show, held):
    app = show("pacs", "bob", part="Quarantine")
    app.button(key="look-1").click().run()
    with opened(held.home) as db:
        jobs.cancel(db, jobs.newest(db, "look")[0].id, "the file is no longer in the spool")
    app.run()
    assert "no longer in the spool" in app.error[0].value
    assert not app.button(key="look-1").disabled
