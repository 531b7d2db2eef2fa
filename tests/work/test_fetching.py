"""X-rays come from an archive when an admin asks for them, once, and whose they are rests nowhere readable."""

import json
from base64 import b64decode
from dataclasses import replace

import pytest

from cxr_core import worker
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.reading import named
from cxr_core.errors import IntegrityError
from cxr_core.pacs.web.finding import Match, Query
from cxr_core.pacs.web.multipart import joined
from cxr_core.records import JobState, Lane
from cxr_core.store import pulls, senders, tombstones
from cxr_core.store.db import opened
from cxr_core.store.pulls import Pull
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import fetching, pulling, receiving
from cxr_core.work.hospital.fetching import MOST_IN_A_ROW, Came
from cxr_core.work.incoming import spool
from cxr_core.work.privacy import identity
from tests.orthanc import running
from tests.pacs.web.archive import empty
from tests.pacs.web.films import CANARY, film, header, uid
from tests.pacs.web.servers import serving
from tests.pacs.web.test_fetching import TYPE
from tests.processes import PATIENCE, wait_until
from tests.work.asked import NAME, answer, ask_there, is_anywhere, sealing_home
from tests.work.sites import files_in, job, query, run_errands, work_off


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    """An archive that others made; tests that count what it holds empty it first."""
    with running(tmp_path_factory.mktemp("orthanc-fetched")) as archive:
        yield archive


@pytest.fixture
def settings(tmp_path):
    return sealing_home(tmp_path)


def search(settings, **asked):
    return answer(settings, pulling.search(settings.home, COMMAND_LINE, NAME, Query(**asked)))


def fetch(settings, matches):
    """Have them fetched; the job as it ended."""
    number = pulling.fetch(settings.home, COMMAND_LINE, NAME, matches)
    run_errands(settings)
    return job(settings, number)


def arrivals_of(settings):
    return query(settings, "SELECT * FROM arrivals ORDER BY id")


def test_what_an_archive_has_is_fetched_once_and_taken_in(settings, orthanc):
    empty(orthanc)
    for number in range(20):
        orthanc.upload(phantom(number, bool(number % 2), rows=128))
    source = ask_there(settings, orthanc.web)
    matches = search(settings)
    done = fetch(settings, matches)
    assert (done.state, done.result) == (JobState.DONE, {"of": 20, "fetched": 20, "why": ""})
    assert (done.progress["done"], done.progress["of"]) == (20, 20)
    assert work_off(settings) == 20
    assert len(query(settings, "SELECT id FROM images")) == 20
    assert {row["sender"] for row in arrivals_of(settings)} == {source}
    assert fetch(settings, matches).result == {"of": 20, "known": 20, "why": ""}
    assert (work_off(settings), files_in(settings, "spool")) == (0, [])


def test_whom_it_is_about_is_read_nowhere_before_or_after(settings, orthanc):
    empty(orthanc)
    files = [film(number, rows=400) for number in (1, 2)]
    for file in files:
        orthanc.upload(file)
    ask_there(settings, orthanc.web)
    words = [CANARY, *map(uid, files), *(header(file).StudyInstanceUID for file in files)]
    asked = pulling.search(settings.home, COMMAND_LINE, NAME, Query(patient=f"{CANARY}-1"))
    assert is_anywhere(settings, *words) == []
    run_errands(settings)
    assert is_anywhere(settings, *words) == []
    (match,) = pulling.found(settings.home, COMMAND_LINE, asked)
    assert (match.instance, match.patient, match.patient_name) == (uid(files[0]), f"{CANARY}-1", f"{CANARY}^1")
    number = pulling.fetch(settings.home, COMMAND_LINE, NAME, [match])
    assert is_anywhere(settings, *words) == []
    run_errands(settings)
    assert is_anywhere(settings, *words) == []
    assert "sealed" not in job(settings, number).payload
    assert (work_off(settings), len(arrivals_of(settings))) == (1, 1)
    assert is_anywhere(settings, *words) == []


def test_what_came_another_way_is_not_fetched(settings, orthanc):
    empty(orthanc)
    files = [film(number, rows=400) for number in (1, 2)]
    for file in files:
        orthanc.upload(file)
    ask_there(settings, orthanc.web)
    matches = sorted(search(settings), key=lambda match: match.patient)
    assert fetch(settings, matches[:1]).result["fetched"] == 1
    work_off(settings)
    assert fetching.unknown(settings.home, matches) == matches[1:]
    assert fetch(settings, matches).result == {"of": 2, "known": 1, "fetched": 1, "why": ""}


def test_what_was_refused_is_fetched_again_when_an_admin_says_so(settings):
    refused, put_right = film(1, rows=400, BurnedInAnnotation="YES"), film(1, rows=400, BurnedInAnnotation="NO")
    chosen = matches_of(refused)
    with serving(gives(refused, put_right)) as server:
        ask_there(settings, server.url)
        assert fetch(settings, chosen).result["fetched"] == 1
        work_off(settings)
        assert fetching.unknown(settings.home, chosen) == []
        assert fetch(settings, chosen).result["fetched"] == 1
        work_off(settings)
        assert fetch(settings, chosen).result["known"] == 1
    (arrival,) = arrivals_of(settings)
    assert (arrival["image"] is None, arrival["refused"]) == (False, None)


def test_what_the_archive_has_no_longer_is_counted_and_the_rest_comes(settings, orthanc):
    empty(orthanc)
    for number in (1, 2):
        orthanc.upload(film(number))
    ask_there(settings, orthanc.web)
    matches = search(settings)
    first = next(match for match in matches if match.patient == f"{CANARY}-1")
    empty(orthanc)
    orthanc.upload(film(2))
    assert first in matches
    assert fetch(settings, matches).result == {"of": 2, "gone": 1, "fetched": 1, "why": ""}


def test_a_wrong_password_is_told_with_its_remedy(settings, orthanc):
    ask_there(settings, orthanc.web, password="wrong")
    asked = pulling.search(settings.home, COMMAND_LINE, NAME, Query())
    run_errands(settings)
    assert job(settings, asked.job).state is JobState.FAILED
    assert "it doesn't know who asks: check user and password" in job(settings, asked.job).error


def matches_of(*files):
    """These X-rays, as an archive tells of them."""
    return [
        Match(
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID, ds.SOPClassUID, "DX", "2026-01-10", "", "", ""
        )
        for ds in map(header, files)
    ]


def gives(*files):
    """A service that gives these files, one after the other, whatever is asked; of a number, that status."""
    coming = list(files)

    def service(request):
        file = coming.pop(0)
        return (file, {}, b"") if isinstance(file, int) else (200, TYPE, b"".join(joined([file], "edge")))

    return service


def test_one_that_can_not_be_fetched_keeps_the_others_from_nothing(settings):
    files = [film(number) for number in (1, 2, 3)]
    with serving(gives(files[0], 500, files[2])) as server:
        ask_there(settings, server.url)
        done = fetch(settings, matches_of(*files))
    assert (done.state, done.result["fetched"], done.result["failed"]) == (JobState.DONE, 2, 1)
    assert "answers 500" in done.result["why"]


@pytest.mark.parametrize("status", [302, 401, 403, 429, 502, 503, 504])
def test_an_archive_that_turns_everything_away_is_left_alone(settings, status):
    files = [film(number) for number in range(1, MOST_IN_A_ROW + 2)]
    with serving(gives(*[status] * len(files))) as server:
        ask_there(settings, server.url)
        done = fetch(settings, matches_of(*files))
        assert len(server.got) == MOST_IN_A_ROW
    assert (done.state, f"answers {status}" in done.error) == (JobState.FAILED, True)


def test_an_archive_that_can_not_be_reached_is_left_alone(settings):
    with serving(gives()) as server:
        ask_there(settings, server.url)
    number = pull(settings, *map(film, range(1, MOST_IN_A_ROW + 2)))
    assert (job(settings, number).state, "nothing answers at that port" in job(settings, number).error) == (
        JobState.FAILED, True,
    )  # fmt: skip
    assert len(query(settings, "SELECT * FROM set_aside")) == MOST_IN_A_ROW


def test_however_many_can_not_be_fetched_at_the_head_the_rest_comes(settings):
    files = [film(number) for number in range(1, MOST_IN_A_ROW + 3)]
    with serving(gives(*[500] * (len(files) - 1), files[-1])) as server:
        ask_there(settings, server.url)
        done = fetch(settings, matches_of(*files))
    assert (done.state, done.result["failed"], done.result["fetched"]) == (JobState.DONE, len(files) - 1, 1)


def pull(settings, *files):
    """Have them fetched as what comes by itself; the job's number."""
    with opened(settings.home) as db:
        number = pulling.ask_to_fetch(db, senders.named(db, NAME).id, matches_of(*files), None, pull=1)
    run_errands(settings)
    return number


def test_what_could_not_be_fetched_by_itself_comes_last_the_next_time(settings):
    files = [film(number) for number in range(1, 5)]
    with serving(gives(500, 500, *files[2:3])) as server:
        ask_there(settings, server.url)
        pull(settings, *files[:3])
    assert fetching.wanted(settings.home, matches_of(*files)) == matches_of(*files[2:], *files[:2])


def test_what_is_refused_or_was_erased_is_not_fetched_by_itself_again_but_when_an_admin_says_so(settings):
    refused, erased, other = film(1), film(2), film(3)
    bury(settings, erased)
    with serving(gives(b"no DICOM", erased, refused, erased)) as server:
        ask_there(settings, server.url)
        assert job(settings, pull(settings, refused, erased)).result == {"of": 2, "refused": 1, "erased": 1, "why": ""}
        assert fetching.wanted(settings.home, matches_of(refused, erased, other)) == matches_of(other)
        assert fetch(settings, matches_of(refused, erased)).result["fetched"] == 2


def test_what_was_taken_in_and_can_not_be_answered_is_not_fetched_by_itself_again(settings):
    """It says in no valid way of which series it is: receiving refuses that, but it may have come before it did."""
    file = film(1, rows=400, SeriesInstanceUID=None)
    ask_there(settings, "http://localhost/dicom-web")
    with opened(settings.home) as db:
        receiving.receive(settings, senders.named(db, NAME), file)
    assert (work_off(settings), arrivals_of(settings)) == (1, [])
    assert fetching.wanted(settings.home, matches_of(file, film(2))) == matches_of(film(2))


def test_whoever_fetches_does_not_wait_for_what_comes_by_itself(settings):
    """A pull may fetch thousands: another thread fetches what somebody chose."""
    files = [film(1), film(2)]
    with serving(gives(files[1])) as server:
        source = ask_there(settings, server.url)
        with opened(settings.home) as db:
            waiting = pulling.ask_to_fetch(db, source, matches_of(files[0]), None, pull=1)
        chosen = pulling.fetch(settings.home, COMMAND_LINE, NAME, matches_of(files[1]))
        errand = worker.errands_of(worker.new_worker(settings, Lane.READING))[pulling.FETCH]
        assert worker.process_one_job(errand)
    assert (job(settings, chosen).state, job(settings, waiting).state) == (JobState.DONE, JobState.QUEUED)


def test_where_nothing_came_the_job_has_failed(settings):
    with serving(gives(500)) as server:
        ask_there(settings, server.url)
        assert fetch(settings, matches_of(film())).state is JobState.FAILED


@pytest.mark.parametrize(("given", "came"), [
    (film(2), Came.FAILED), (film(StudyInstanceUID="1.2.3"), Came.REFUSED), (b"no DICOM", Came.REFUSED),
])  # fmt: skip
def test_what_is_not_what_was_asked_for_is_not_taken(settings, given, came):
    with serving(gives(given, film(3))) as server:
        ask_there(settings, server.url)
        done = fetch(settings, matches_of(film(1), film(3)))
    assert (done.result[came], done.result["fetched"]) == (1, 1)
    assert len(files_in(settings, "spool")) == 1


def test_where_the_disk_is_nearly_full_fetching_ends_with_the_remedy(settings):
    with serving(gives(film())) as server:
        ask_there(settings, server.url)
        done = fetch(replace(settings, free_mb=2**40), matches_of(film(), film(2)))
    assert (done.state, "make room there" in done.error, len(server.got)) == (JobState.FAILED, True, 1)
    assert files_in(settings, "spool") == []


def begin(settings, ask):
    """Have it fetched by a thread, as a worker does; the job's number, and the thread."""
    number = ask()
    return number, worker.apart(worker.process_one_job, worker.errands_of(reader(settings))[job(settings, number).kind])


def reader(settings):
    return worker.new_worker(settings, Lane.READING)


def waits(settings, number):
    return wait_until(lambda: job(settings, number).progress.get("waits"))


def test_where_many_are_still_to_be_taken_in_fetching_waits_and_says_so(settings, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_WAITING", 2)
    monkeypatch.setattr(fetching, "LOOK_SECONDS", 0.01)
    files, lying = [film(number, rows=400) for number in range(1, 5)], []

    def service(request):
        lying.append(len(query(settings, "SELECT 1 FROM jobs WHERE kind = 'intake' AND state <> 'done'")))
        return gives(files[len(lying) - 1])(request)

    def by_itself():
        with opened(settings.home) as db:
            pull = pulls.put(db, Pull(source, ("DX",), days=1, minutes=15))
            return pulling.ask_to_fetch(db, source, matches_of(*files), None, pull)

    with serving(service) as server:
        source = ask_there(settings, server.url)
        number, thread = begin(settings, by_itself)
        assert waits(settings, number) == "2 files or more are still to be taken in"
        (pull,) = pulling.all_pulls(settings.home, COMMAND_LINE)
        assert (pull.said, pull.failed) == ("waits: 2 files or more are still to be taken in", False)
        assert (len(server.got), job(settings, number).progress["done"]) == (2, 2)
        wait_until(lambda: work_off(settings) == 0 and not job(settings, number).state.is_open, every=0.1)
        thread.join(PATIENCE)
    assert (job(settings, number).result["fetched"], max(lying)) == (4, 1)
    assert pulling.all_pulls(settings.home, COMMAND_LINE)[0].said == "4 fetched"


def test_where_the_disk_is_nearly_full_fetching_waits_for_what_is_still_to_be_taken_in(settings, monkeypatch):
    monkeypatch.setattr(fetching, "LOOK_SECONDS", 0.01)
    with serving(gives(film(2))) as server:
        source = ask_there(settings, server.url)
        spool.receive(settings.home, film(1, rows=400), spool.Sender(bulk=True, network=source))
        full = replace(settings, free_mb=2**40)
        number, thread = begin(full, lambda: pulling.fetch(settings.home, COMMAND_LINE, NAME, matches_of(film(2))))
        assert "the disk is nearly full" in waits(settings, number)
        assert server.got == []
        work_off(settings)
        thread.join(PATIENCE)
    assert "make room there" in job(settings, number).error


def test_fetching_that_waits_can_be_cancelled(settings, monkeypatch):
    monkeypatch.setattr(receiving, "MOST_WAITING", 0)
    monkeypatch.setattr(fetching, "LOOK_SECONDS", 0.01)
    with serving(gives(film())) as server:
        ask_there(settings, server.url)
        number, thread = begin(settings, lambda: pulling.fetch(settings.home, COMMAND_LINE, NAME, matches_of(film())))
        waits(settings, number)
        pulling.cancel(settings.home, COMMAND_LINE, number)
        thread.join(PATIENCE)
    assert (thread.is_alive(), server.got) == (False, [])


def test_what_is_cancelled_comes_no_further(settings):
    files = [film(number) for number in (1, 2, 3)]
    numbers = []

    def service(request):
        if len(server.got) == 2:
            pulling.cancel(settings.home, COMMAND_LINE, numbers[0])
        return gives(files[len(server.got) - 1])(request)

    with serving(service) as server:
        ask_there(settings, server.url)
        numbers.append(pulling.fetch(settings.home, COMMAND_LINE, NAME, matches_of(*files)))
        run_errands(settings)
        assert len(server.got) == 2
    ended = job(settings, numbers[0])
    assert (ended.state, ended.error) == (JobState.FAILED, "cancelled by command line")


def bury(settings, file):
    """A tombstone for an X-ray's patient."""
    patient = pseudonym(site_secret(settings.home), "patient", named(file).identity.patient)
    with opened(settings.home) as db:
        row = {"id": "a" * 64, "file_sha256": "b" * 64, "reads": 0}
        tombstones.add(db, row, patient, "asked for it", None)


def test_who_was_erased_does_not_come_back_by_itself_but_when_an_admin_says_so(settings):
    file = film()
    found = named(file)
    bury(settings, file)
    assert fetching.was_erased(settings.home, found, "2026-01-10")
    assert fetching.was_erased(settings.home, found, "")
    assert not fetching.was_erased(settings.home, found, "9999-01-10")
    assert not fetching.was_erased(settings.home, named(film(2)), "2026-01-10")
    with serving(gives(file, file)) as server:
        source = ask_there(settings, server.url)
        with opened(settings.home) as db:
            number = pulling.ask_to_fetch(db, source, matches_of(file), None, pull=1)
        run_errands(settings)
        assert job(settings, number).result == {"of": 1, "erased": 1, "why": ""}
        assert fetch(settings, matches_of(file)).result["fetched"] == 1


def test_of_an_answer_the_database_keeps_nothing_that_opens(settings, orthanc):
    """The key to it is in nobody's hands but the asking process's: not even the site's own opens it."""
    empty(orthanc)
    orthanc.upload(film())
    ask_there(settings, orthanc.web)
    asked = pulling.search(settings.home, COMMAND_LINE, NAME, Query())
    run_errands(settings)
    (row,) = query(settings, "SELECT result FROM jobs WHERE kind = 'query'")
    sealed = json.loads(row["result"])["sealed"]
    with pytest.raises(IntegrityError):
        identity.unseal(settings, b64decode(sealed), identity.MATCHES)
    assert len(pulling.found(settings.home, COMMAND_LINE, asked)) == 1
    assert query(settings, "SELECT result FROM jobs WHERE kind = 'query'") == [{"result": '{"found":1}'}]
