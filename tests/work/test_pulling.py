"""What an admin may have asked of archives, and what is refused before anything is asked."""

from base64 import b64decode
from dataclasses import replace
from datetime import date

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound, SettingsError
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.records import JobState, Role, User
from cxr_core.store import audit, jobs
from cxr_core.store.db import opened
from cxr_core.store.pulls import Pull
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, pulling
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.privacy import identity
from tests.work.asked import NAME, ask_there, is_anywhere, sealing_home
from tests.work.sites import job, new_home

URL = "https://pacs.hospital/dicom-web"
MATCH = Match("1.2", "1.3", "1.4", "", "DX", "2026-01-10", "ROOM1", "Canary-1", "Canary")
PULL = Pull(0, ("DX",), days=2, minutes=15)


@pytest.fixture
def settings(tmp_path):
    found = sealing_home(tmp_path)
    ask_there(found, URL)
    return found


@pytest.fixture
def home(settings):
    return settings.home


def actions(home):
    with opened(home) as db:
        assert audit.verify(db)
        return [row[0] for row in db.execute("SELECT action FROM audit ORDER BY id")]


@pytest.mark.parametrize("web", [
    WebAddress("http://pacs.hospital/web"), WebAddress("ftp://pacs.hospital"), WebAddress(URL, "user without password"),
])  # fmt: skip
def test_an_archive_that_can_not_be_is_refused(home, web):
    with pytest.raises(SettingsError):
        pulling.add_source(home, COMMAND_LINE, "Other", web)
    assert [source.name for source in pulling.all_sources(home, COMMAND_LINE)] == [NAME]


def test_one_that_is_asked_keeps_where_its_secret_lies_and_not_the_secret(home, settings):
    (source,) = pulling.all_sources(home, COMMAND_LINE)
    assert (source.address["url"], source.address["password_file"]) == (URL, "password")
    assert is_anywhere(settings, "a password of the test") == []
    with pytest.raises(Conflict, match="take another name"):
        pulling.add_source(home, COMMAND_LINE, NAME.lower(), WebAddress(URL))


def test_without_a_key_nothing_can_be_asked(tmp_path):
    home = new_home(tmp_path).home
    for use in (lambda: pulling.add_source(home, COMMAND_LINE, NAME, WebAddress(URL)),
                lambda: pulling.search(home, COMMAND_LINE, NAME, Query()),
                lambda: pulling.fetch(home, COMMAND_LINE, NAME, [MATCH]),
                lambda: pulling.every(home, COMMAND_LINE, NAME, PULL)):  # fmt: skip
        with pytest.raises(SettingsError, match="pacs key FILE"):
            use()


def test_who_sends_is_not_asked(home):
    connecting.add_sender(home, COMMAND_LINE, "Router", "10.1.2.3", "ROUTER")
    for name, says in (("Router", "isn't asked: name one of"), ("nobody", "no sender called nobody")):
        for use in (lambda name=name: pulling.search(home, COMMAND_LINE, name, Query()),
                    lambda name=name: pulling.fetch(home, COMMAND_LINE, name, [MATCH]),
                    lambda name=name: pulling.every(home, COMMAND_LINE, name, PULL),
                    lambda name=name: pulling.remove_source(home, COMMAND_LINE, name)):  # fmt: skip
            with pytest.raises(NotFound, match=says):
                use()
    with opened(home) as db:
        assert jobs.open_payloads(db, pulling.QUERY) == jobs.open_payloads(db, pulling.FETCH) == []


def test_a_question_comes_to_the_worker_as_it_was_asked(settings):
    asked = Query(date(2026, 1, 1), date(2026, 2, 1), ("CR",), "Canary-1", "ROOM1", 7)
    sealed = job(settings, pulling.search(settings.home, COMMAND_LINE, NAME, asked).job).payload["sealed"]
    opened_ = identity.unseal(settings, b64decode(sealed), identity.QUESTION)
    assert pulling.query_in(opened_) == asked


def test_of_what_was_chosen_the_worker_learns_no_name(settings):
    number = pulling.fetch(settings.home, COMMAND_LINE, NAME, [MATCH])
    opened_ = identity.unseal(settings, b64decode(job(settings, number).payload["sealed"]), identity.CHOSEN)
    assert pulling.matches_in(opened_) == [replace(MATCH, patient="", patient_name="")]


def test_whoever_chooses_nothing_gets_no_job(home):
    with pytest.raises(BadInput, match="at least one"):
        pulling.fetch(home, COMMAND_LINE, NAME, [])


def test_an_answer_is_not_there_before_the_worker_has_asked_nor_twice(settings):
    asked = pulling.search(settings.home, COMMAND_LINE, NAME, Query())
    assert pulling.found(settings.home, COMMAND_LINE, asked) is None
    with opened(settings.home) as db:
        running = jobs.claim(db, job(settings, asked.job).lane, "w")
        sealed = pulling.sealed_text(running.payload["key"], [], identity.MATCHES)
        jobs.finish(db, asked.job, "w", {"found": 0, "sealed": sealed})
    assert pulling.found(settings.home, COMMAND_LINE, asked) == []
    with pytest.raises(NotFound, match="ask again"):
        pulling.found(settings.home, COMMAND_LINE, asked)


def test_what_is_asked_or_fetched_can_be_cancelled_and_nothing_else(settings):
    home = settings.home
    for number in (pulling.search(home, COMMAND_LINE, NAME, Query()).job,
                   pulling.fetch(home, COMMAND_LINE, NAME, [MATCH])):  # fmt: skip
        pulling.cancel(home, COMMAND_LINE, number)
        assert (job(settings, number).state, job(settings, number).error) == (
            JobState.FAILED, "cancelled by command line",
        )  # fmt: skip
        with pytest.raises(Conflict, match="it has ended"):
            pulling.cancel(home, COMMAND_LINE, number)
    with opened(home) as db:
        other = jobs.ask(db, jobs.Request("other", job(settings, number).lane, {}))
    with pytest.raises(Conflict):
        pulling.cancel(home, COMMAND_LINE, other)


def test_with_an_archive_go_its_rule_and_what_is_being_fetched_there(settings):
    number = pulling.fetch(settings.home, COMMAND_LINE, NAME, [MATCH])
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    pulling.remove_source(settings.home, COMMAND_LINE, NAME)
    assert job(settings, number).error == "PACS is asked for nothing any more"
    assert pulling.all_pulls(settings.home, COMMAND_LINE) == pulling.all_sources(settings.home, COMMAND_LINE) == []


@pytest.mark.parametrize("wrong", [
    {"minutes": 0}, {"minutes": 100_000}, {"days": 0}, {"days": 1000}, {"modalities": ("CT",)}, {"modalities": ()},
    {"station": "ROOM*"},
])  # fmt: skip
def test_a_rule_that_can_not_be_is_refused(home, wrong):
    with pytest.raises(BadInput):
        pulling.every(home, COMMAND_LINE, NAME, replace(PULL, **wrong))
    assert pulling.all_pulls(home, COMMAND_LINE) == []


def test_a_rule_holds_until_another_or_none_is_wanted(home):
    pulling.every(home, COMMAND_LINE, NAME, PULL)
    pulling.every(home, COMMAND_LINE, NAME, replace(PULL, minutes=30, station="ROOM1"))
    (pull,) = pulling.all_pulls(home, COMMAND_LINE)
    assert (pull.minutes, pull.station) == (30, "ROOM1")
    pulling.every_no_more(home, COMMAND_LINE, NAME)
    assert pulling.all_pulls(home, COMMAND_LINE) == []
    with pytest.raises(NotFound, match="nothing is fetched from PACS by itself"):
        pulling.every_no_more(home, COMMAND_LINE, NAME)


def test_a_rule_is_held_for_a_reason_and_goes_on(home):
    with pytest.raises(NotFound):
        pulling.hold(home, COMMAND_LINE, NAME, "the archive moves")
    pulling.every(home, COMMAND_LINE, NAME, PULL)
    with pytest.raises(BadInput, match="say why"):
        pulling.hold(home, COMMAND_LINE, NAME, " ")
    pulling.hold(home, COMMAND_LINE, NAME, "the archive moves")
    assert pulling.all_pulls(home, COMMAND_LINE)[0].held_because == "the archive moves"
    pulling.go_on(home, COMMAND_LINE, NAME)
    assert pulling.all_pulls(home, COMMAND_LINE)[0].held_at is None


def test_each_step_is_on_record_without_whom_it_was_about(settings):
    home = settings.home
    pulling.search(home, COMMAND_LINE, NAME, Query(patient="Canary-1"))
    pulling.fetch(home, COMMAND_LINE, NAME, [MATCH])
    pulling.every(home, COMMAND_LINE, NAME, PULL)
    assert actions(home)[-4:] == ["add source", "search", "fetch", "fetch by itself"]
    assert is_anywhere(settings, "Canary", MATCH.study + '"') == []


def test_only_admins_ask_archives(home):
    ann = User(1, "ann", Role.RADIOLOGIST)
    with pytest.raises(NotAllowed):
        pulling.search(home, ann, NAME, Query())


def test_the_newest_fetch_of_each_archive_is_told_and_no_pull_is_taken_for_one(settings):
    first, last = (pulling.fetch(settings.home, COMMAND_LINE, NAME, [MATCH]) for _ in range(2))
    assert first < last
    with opened(settings.home) as db:
        source = jobs.get(db, last).payload["source"]
        pulling.ask_to_fetch(db, source, [MATCH], None, pull=1)
    assert {number: job.id for number, job in pulling.newest(settings.home, COMMAND_LINE).items()} == {source: last}
