"""What is new at an archive comes by itself, once, and what keeps it from coming is told."""

from dataclasses import replace
from datetime import timedelta
from threading import Event
from urllib.parse import parse_qsl, urlsplit

import pytest

from cxr_core import clock, worker
from cxr_core.errors import Conflict
from cxr_core.store.pulls import Pull
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import collecting, pulling
from cxr_core.work.incoming import holding
from cxr_core.work.privacy import erasing
from tests.orthanc import PASSWORD, running
from tests.pacs.web.archive import empty
from tests.pacs.web.films import CANARY, film
from tests.pacs.web.servers import serving
from tests.pacs.web.test_finding import pages, some
from tests.processes import wait_until
from tests.work.asked import NAME, ask_there, is_anywhere, sealing_home
from tests.work.sites import query, run_errands, work_off

TODAY = f"{clock.now().astimezone():%Y%m%d}"
PULL = Pull(0, ("CR", "DX"), days=1, minutes=15)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    """An archive that others made; tests that count what it holds empty it first."""
    with running(tmp_path_factory.mktemp("orthanc-collected")) as archive:
        yield archive


@pytest.fixture
def settings(tmp_path):
    return sealing_home(tmp_path)


def look(settings, after=0):
    """Run what is due so many minutes from now, and all that follows from it; how many X-rays came."""
    with clock.at(clock.now() + timedelta(minutes=after)):
        for pull in collecting.due(settings):
            collecting.run(settings, pull)
    run_errands(settings)
    return work_off(settings)


def said(settings):
    (pull,) = pulling.all_pulls(settings.home, COMMAND_LINE)
    return pull.said, pull.failed


def test_what_is_new_comes_once(settings, orthanc):
    empty(orthanc)
    for number in (1, 2):
        orthanc.upload(film(number, rows=400, StudyDate=TODAY))
    orthanc.upload(film(3, rows=400, StudyDate="20200101"))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 2
    assert said(settings) == ("2 fetched", False)
    assert look(settings) == 0
    assert look(settings, after=16) == 0
    assert said(settings) == ("2 X-rays are there, 0 of them new", False)
    orthanc.upload(film(4, rows=400, StudyDate=TODAY))
    assert look(settings, after=32) == 1
    assert len(query(settings, "SELECT * FROM arrivals")) == 3
    assert is_anywhere(settings, CANARY) == []


def test_what_is_held_back_until_somebody_has_looked_does_not_come_again(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(2, rows=128, StudyDate=TODAY))  # its lettering is hard to read
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 1
    (held,) = holding.held(settings.home, COMMAND_LINE)
    assert look(settings, after=16) == 0
    assert said(settings) == ("1 X-rays are there, 0 of them new", False)
    holding.discard(settings.home, COMMAND_LINE, held.id)
    assert (work_off(settings), look(settings, after=32)) == (1, 0)


def test_whose_only_file_was_held_back_does_not_come_again_once_erased(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(2, rows=128, StudyDate=TODAY))  # its lettering is hard to read
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 1
    erasing.erase(settings.home, COMMAND_LINE, f"{CANARY}-2", "asked for in writing")
    assert look(settings, after=16) == 0
    assert said(settings) == ("1 erased", False)


DAY = 24 * 60


def test_after_an_outage_longer_than_the_rules_days_what_was_missed_comes(settings, orthanc):
    """From one complete run to the next all days are asked about; a run that fails doesn't count as one."""
    empty(orthanc)
    source = ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 0
    missed = clock.now().astimezone() + timedelta(days=1)
    orthanc.upload(film(1, rows=400, StudyDate=f"{missed:%Y%m%d}"))
    orthanc.upload(film(3, rows=400, StudyDate="20200101"))
    (settings.secrets / "password").write_text("wrong")
    for day in (2, 3, 4):
        assert look(settings, after=day * DAY) == 0
        assert said(settings)[1]
    (settings.secrets / "password").write_text(PASSWORD)
    assert look(settings, after=5 * DAY) == 1
    assert said(settings) == ("1 fetched", False)
    orthanc.upload(film(4, rows=400, StudyDate=f"{missed:%Y%m%d}"))
    assert look(settings, after=6 * DAY) == 0, "that day was asked about"
    assert query(settings, "SELECT count(*) AS n FROM arrivals WHERE sender = ?", source) == [{"n": 1}]


def test_a_run_that_was_broken_off_is_not_complete(settings):
    with serving(pages(*some(1, t00080060="DX"))) as server:
        ask_there(settings, server.url)
        pulling.every(settings.home, COMMAND_LINE, NAME, replace(PULL, modalities=("DX",)))
        (pull,) = collecting.due(settings)
        with clock.at(clock.now() + timedelta(days=9)):
            collecting.run(settings, pull)
    (number,) = (row["id"] for row in query(settings, "SELECT id FROM jobs WHERE kind = 'pull'"))
    pulling.cancel(settings.home, COMMAND_LINE, number)
    (after,) = pulling.all_pulls(settings.home, COMMAND_LINE)
    assert (after.ran_at > pull.complete_at, after.complete_at) == (True, pull.complete_at)


def test_a_long_outage_is_asked_about_in_spans_of_the_rules_length(settings):
    with serving(pages()) as server:
        ask_there(settings, server.url)
        pulling.every(settings.home, COMMAND_LINE, NAME, replace(PULL, modalities=("DX",)))
        (pull,) = collecting.due(settings)
        with clock.at(clock.now() + timedelta(days=4)):
            collecting.run(settings, pull)
        asked = [dict(parse_qsl(urlsplit(request.path).query))["StudyDate"] for request in server.got]
    first = clock.now().astimezone().date()
    days = [f"{first + timedelta(days=number):%Y%m%d}" for number in range(5)]
    assert asked == [f"{days[0]}-{days[1]}", f"{days[2]}-{days[3]}", f"{days[4]}-"]


def test_who_was_erased_is_fetched_in_vain_once(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(1, rows=400, StudyDate=TODAY))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 1
    erasing.erase(settings.home, COMMAND_LINE, f"{CANARY}-1", "asked for in writing")
    assert look(settings, after=16) == 0
    assert said(settings) == ("1 erased", False)
    assert look(settings, after=32) == 0
    assert said(settings) == ("1 X-rays are there, 0 of them new", False)


def test_while_what_comes_by_itself_is_fetched_nobody_is_erased(settings, orthanc):
    """A fetch that goes on could bring back who was erased."""
    empty(orthanc)
    orthanc.upload(film(1, rows=400, StudyDate=TODAY))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 1
    orthanc.upload(film(3, rows=400, StudyDate=TODAY))
    (pull,) = pulling.all_pulls(settings.home, COMMAND_LINE)
    collecting.run(settings, pull)
    with pytest.raises(Conflict, match="still being fetched"):
        erasing.erase(settings.home, COMMAND_LINE, f"{CANARY}-1", "asked for in writing")
    run_errands(settings)
    work_off(settings)
    assert erasing.erase(settings.home, COMMAND_LINE, f"{CANARY}-1", "asked for in writing").images


def test_only_what_a_rule_is_about_comes(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(1, rows=400, StudyDate=TODAY, StationName="ROOM1"))
    orthanc.upload(film(2, rows=400, StudyDate=TODAY, StationName="ROOM2"))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, replace(PULL, station="ROOM2"))
    assert look(settings) == 1
    assert said(settings) == ("1 fetched", False)


def test_while_what_came_is_not_taken_in_nothing_more_is_asked(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(1, rows=400, StudyDate=TODAY))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    (pull,) = collecting.due(settings)
    collecting.run(settings, pull)
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert collecting.due(settings) == []
        run_errands(settings)
        assert collecting.due(settings) == []
        work_off(settings)
        assert [each.id for each in collecting.due(settings)] == [pull.id]


def test_of_two_workers_one_asks(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(1, StudyDate=TODAY))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    (pull,) = collecting.due(settings)
    collecting.run(settings, pull)
    collecting.run(settings, pull)
    assert len(query(settings, "SELECT id FROM jobs WHERE kind = 'pull'")) == 1


def test_a_failure_is_told_with_its_remedy_and_tried_again(settings, orthanc):
    empty(orthanc)
    ask_there(settings, orthanc.web, password="wrong")
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(settings) == 0
    words, failed = said(settings)
    assert ("check user and password" in words, failed) == (True, True)
    (settings.secrets / "password").write_text("a password of the test")
    look(settings, after=16)
    assert said(settings) == ("0 X-rays are there, 0 of them new", False)


def test_what_kept_fetching_from_its_end_is_told_there_too(settings, orthanc):
    empty(orthanc)
    orthanc.upload(film(1, StudyDate=TODAY))
    ask_there(settings, orthanc.web)
    pulling.every(settings.home, COMMAND_LINE, NAME, PULL)
    assert look(replace(settings, free_mb=2**40)) == 0
    words, failed = said(settings)
    assert ("make room there" in words, failed) == (True, True)
    assert look(settings, after=16) == 1
    assert said(settings) == ("1 fetched", False)


@pytest.mark.parametrize("stop", [
    lambda home: pulling.every_no_more(home, COMMAND_LINE, NAME),
    lambda home: pulling.hold(home, COMMAND_LINE, NAME, "the archive moves"),
])  # fmt: skip
@pytest.mark.parametrize("stops", [False, True])
def test_a_rule_that_no_longer_holds_when_the_archive_answers_fetches_nothing(settings, stop, stops):
    answered = pages(*some(1, t00080060="DX"))

    def service(request):
        if stops and len(server.got) == 1:
            stop(settings.home)
        return answered(request)

    with serving(service) as server:
        ask_there(settings, server.url)
        pulling.every(settings.home, COMMAND_LINE, NAME, replace(PULL, modalities=("DX",)))
        (pull,) = collecting.due(settings)
        collecting.run(settings, pull)
    assert len(query(settings, "SELECT id FROM jobs WHERE kind = 'pull'")) == (not stops)


def test_an_archive_that_is_slow_keeps_nobody_waiting(settings):
    """The chore's step comes back at once, and there is one question at a time."""
    go_on = Event()

    def service(request):
        go_on.wait(60)
        return 204, {}, b""

    with serving(service) as server:
        ask_there(settings, server.url)
        pulling.every(settings.home, COMMAND_LINE, NAME, replace(PULL, modalities=("DX",)))
        chore = collecting.collecting(settings, worker.apart)
        assert next(chore) is False
        assert server.came.wait(60)
        assert [next(chore) for _ in range(3)] == [False] * 3
        go_on.set()
        wait_until(lambda: said(settings)[0])
        assert len(server.got) == 1
    assert said(settings) == ("0 X-rays are there, 0 of them new", False)
