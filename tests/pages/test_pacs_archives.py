"""The PACS page's archives: asked what they have, fetched from, and what comes from there by itself."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import asdict
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.pacs.web.finding import Match
from cxr_core.records import Lane
from cxr_core.settings import Settings
from cxr_core.store import jobs, pulls
from cxr_core.store.db import opened
from cxr_core.ui import archive_list, archive_search
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, pulling
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.hospital.fetching import Came
from cxr_core.work.incoming import passing
from cxr_core.work.privacy import identity
from tests.pages.forms import field

URL = "https://pacs.hospital/dicom-web"
MATCHES = [
    Match("1.2", "1.3", f"1.4.{number}", "", "DX", "2026-01-10", "ROOM1", f"Canary-{number}", "Canary^Jane")
    for number in range(3)
]


@pytest.fixture
def settings(home, tmp_path):
    """The settings of a home with a key."""
    identity.make_key(home, COMMAND_LINE, tmp_path / "identity.key")
    return Settings(home=home, identity_key=tmp_path / "identity.key")


@pytest.fixture
def asked(settings, home):
    """The name of an archive that is asked."""
    pulling.add_source(home, COMMAND_LINE, "PACS", WebAddress(URL))
    return "PACS"


@pytest.fixture
def db(home):
    with opened(home) as database:
        yield database


def answer(db, matches):
    """Answer the question that waits, as the worker does."""
    job = jobs.claim(db, Lane.READING, "w")
    said = json.dumps([asdict(match) for match in matches]).encode()
    sealed = passing.sealed(job.payload["key"], said, identity.MATCHES)
    jobs.finish(db, job.id, "w", {"found": len(matches), "sealed": sealed})
    return job


def found(show, db, matches=MATCHES):
    """The page with the answer to a question on it."""
    app = show("pacs", "bob", part="Archives")
    app.button(key="search-there").click().run()
    answer(db, matches)
    return app.run()


def fetching(show, db):
    """The page while X-rays are being fetched, and the job."""
    app = found(show, db)
    app.button(key="fetch").click().run()
    return app, jobs.newest(db, pulling.FETCH)[0]


def test_without_an_archive_the_page_asks_for_one_and_one_is_added_and_removed(show, said, home, settings):
    app = show("pacs", "bob", part="Archives")
    assert "No archive is asked" in said(app)
    field(app, "Name").set_value("PACS")
    field(app, "URL of its DICOMweb").set_value(URL)
    app.button(key="add-archive").click().run()
    assert f"<b>PACS</b> {URL}<br>" in said(app)
    assert "nothing comes by itself" in said(app)
    app.button(key="remove-archive-1").click().run()
    assert pulling.all_sources(home, COMMAND_LINE) == []


def test_without_a_key_none_is_added_and_the_remedy_is_said(show, home):
    app = show("pacs", "bob", part="Archives")
    field(app, "Name").set_value("PACS")
    field(app, "URL of its DICOMweb").set_value(URL)
    app.button(key="add-archive").click().run()
    assert "pacs key FILE" in app.error[0].value
    assert pulling.all_sources(home, COMMAND_LINE) == []


def test_a_question_goes_to_the_worker_as_it_was_typed(show, said, settings, asked, db):
    app = show("pacs", "bob", part="Archives")
    field(app, "Patient ID (optional)").set_value(" Canary-1 ")
    field(app, "Station (optional)").set_value("ROOM1")
    app.button(key="search-there").click().run()
    assert "PACS is being asked" in said(app)
    sealed = jobs.newest(db, pulling.QUERY)[0].payload["sealed"]
    query = pulling.query_in(identity.unseal(settings, b64decode(sealed), identity.QUESTION))
    assert (query.patient, query.station, query.modalities) == ("Canary-1", "ROOM1", ("CR", "DX"))
    assert query.until - query.since == timedelta(days=1)


def test_days_in_the_wrong_order_are_refused(show, settings, asked, db):
    app = show("pacs", "bob", part="Archives")
    app.date_input(key="search-since").set_value(clock.now().date() + timedelta(days=9))
    app.button(key="search-there").click().run()
    assert "the first day must not be after the last" in app.error[0].value
    assert jobs.newest(db, pulling.QUERY) == []


def test_the_answer_is_a_table_which_is_in_this_session_alone(show, said, home, settings, asked, db):
    app = found(show, db)
    table = app.dataframe[0].value
    assert list(table["Patient ID"]) == ["Canary-0", "Canary-1", "Canary-2"]
    assert table["Name"].iloc[0] == "Canary Jane"
    assert "written nowhere" in said(app)
    assert not show("pacs", "bob", part="Archives").dataframe
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not any(b"Canary" in data for data in files)
    app.button(key="forget").click().run()
    assert not app.dataframe


def test_nothing_that_fits_is_said(show, said, settings, asked, db):
    assert "Nothing fits" in said(found(show, db, []))


def test_why_an_archive_could_not_be_asked_is_said(show, settings, asked, db):
    app = show("pacs", "bob", part="Archives")
    app.button(key="search-there").click().run()
    jobs.fail(db, jobs.claim(db, Lane.READING, "w").id, "w", "PACS can not be reached")
    app.run()
    assert "PACS can not be reached" in app.error[0].value


def test_all_is_fetched_where_nothing_is_chosen_and_the_names_go(show, said, settings, asked, db):
    app, job = fetching(show, db)
    chosen = identity.unseal(settings, b64decode(job.payload["sealed"]), identity.CHOSEN)
    assert len(pulling.matches_in(chosen)) == 3
    assert not app.dataframe
    assert "Canary" not in said(app)


def test_of_rows_that_are_chosen_those_are_fetched():
    assert archive_search.chosen_of(MATCHES, [2, 0]) == [MATCHES[2], MATCHES[0]]
    assert archive_search.chosen_of(MATCHES, []) == MATCHES
    assert archive_search.chosen_of(MATCHES, [7]) == MATCHES


def test_how_far_fetching_is_is_shown_and_then_what_came(show, said, settings, asked, db):
    app, job = fetching(show, db)
    jobs.claim(db, Lane.READING, "w")
    jobs.beat(db, job.id, "w", {"done": 1, "of": 3, "fetched": 1})
    app.run()
    assert app.get("progress")[0].proto.text == "Fetching: 1 of 3"
    jobs.beat(db, job.id, "w", {"done": 1, "of": 3, "fetched": 1, "waits": "the disk is nearly full"})
    app.run()
    assert app.get("progress")[0].proto.text == "Fetching: 1 of 3, waits: the disk is nearly full"
    jobs.finish(db, job.id, "w", {"of": 3, "fetched": 2, "known": 1, "why": ""})
    app.run()
    assert "2 fetched, 1 here before" in said(app)
    assert not app.get("progress")


def test_fetching_can_be_cancelled(show, said, settings, asked, db):
    app, job = fetching(show, db)
    app.button(key=f"cancel-{job.id}").click().run()
    assert "Fetching ended: cancelled by bob" in said(app)


def test_what_is_to_come_by_itself_is_said_with_its_last_outcome_and_ended(show, said, home, settings, asked, db):
    app = show("pacs", "bob", part="Archives")
    app.number_input(key="pull-minutes-1").set_value(30)
    app.text_input(key="pull-station-1").set_value("ROOM<1>")
    app.button(key="start-pull-1").click().run()
    assert "every 30 min: CR, DX of the last 2 days of station ROOM&lt;1&gt;<br>" in said(app)
    assert "not asked yet" in said(app)
    (pull,) = pulling.all_pulls(home, COMMAND_LINE)
    pulls.begin(db, pull)
    pulls.note(db, pull.id, "it <can't> be reached", failed=True)
    assert '<span class="dead">now: it &lt;can&#x27;t&gt; be reached</span>' in said(app.run())
    pulling.hold(home, COMMAND_LINE, "PACS", "it is being moved")
    assert "UTC: it is being moved" in said(app.run())
    app.button(key="pull-on-1").click().run()
    assert "it is being moved" not in said(app)
    app.button(key="no-pull-1").click().run()
    assert pulling.all_pulls(home, COMMAND_LINE) == []


def test_every_end_of_an_x_ray_has_its_word():
    assert set(archive_list.SAID) == set(Came)
    assert archive_list.came({"of": 0}) == "nothing came"


def test_who_sends_is_no_archive(show, said, home, settings, asked):
    connecting.add_sender(home, COMMAND_LINE, "Router", "10.1.2.3", "ROUTER")
    assert "Router" not in said(show("pacs", "bob", part="Archives"))
