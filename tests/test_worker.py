"""The worker's rules, within one process: a job is done once, or not at all."""

import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from cxr_core import clock, handlers, worker
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.errors import BadInput
from cxr_core.records import JobState, Lane
from cxr_core.store import alarms, jobs, messages, site, workers
from cxr_core.store.db import opened
from cxr_core.work.doing import Outcome
from cxr_core.work.hospital import arriving
from cxr_core.work.incoming import intake, spool
from tests.processes import PATIENCE, ROOT, wait_until
from tests.store.exchanged import add_sender
from tests.work.asked import sealing_home
from tests.work.hosts import Webhook, serving
from tests.work.sites import files_in, job, new_home, picture, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def own(settings):
    return worker.new_worker(settings, Lane.READING)


def ask(own, handler):
    """Queue a job of a kind that only this test has."""
    own.handlers["test"] = handler
    with opened(own.desk.home) as db:
        return jobs.ask(db, jobs.Request("test", Lane.READING, {}))


def look(own):
    """What a worker does every few seconds, now."""
    own.looked_at = -worker.BEAT_SECONDS * 2
    worker._look_after(own)


def written(outcome_result):
    return Outcome(outcome_result, lambda db: site.put(db, "done", "1"))


def is_written(settings):
    with opened(settings.home) as db:
        return site.get(db, "done") is not None


def test_without_a_job_there_is_nothing_to_do(own):
    assert not worker.process_one_job(own)


def test_what_a_job_writes_and_its_end_are_one(settings, own):
    tidied = []
    number = ask(own, lambda desk, job: Outcome({"a": 1}, after=lambda: tidied.append(job.id)))
    assert worker.process_one_job(own)
    assert (job(settings, number).state, job(settings, number).result, tidied) == (JobState.DONE, {"a": 1}, [number])


def test_a_failure_is_recorded_in_plain_words(settings, own):
    def fails(desk, job):
        raise BadInput("the film is upside down")

    number = ask(own, fails)
    assert worker.process_one_job(own)
    assert (job(settings, number).state, job(settings, number).error) == (JobState.FAILED, "the film is upside down")


def test_a_programs_mistake_ends_the_job_and_not_the_worker(settings, own):
    number = ask(own, lambda desk, job: 1 / 0)
    for _ in range(jobs.MOST_ATTEMPTS):
        assert worker.process_one_job(own)
    assert "worker's log" in job(settings, number).error
    assert not worker.process_one_job(own)


def test_a_failure_that_passes_loses_nothing(settings, own):
    handler, failed = own.handlers[spool.INTAKE], []

    def fails_once(desk, job):
        if not failed:
            failed.append(job.id)
            raise OSError("no space left on device")
        return handler(desk, job)

    own.handlers[spool.INTAKE] = fails_once
    number = spool.receive(settings.home, picture(), spool.Sender())
    worker.process_one_job(own)
    assert len(files_in(settings, "spool")) == 1
    worker.process_one_job(own)
    assert (job(settings, number).state, job(settings, number).attempts) == (JobState.DONE, 2)
    assert files_in(settings, "spool") == []


def test_a_write_that_fails_leaves_nothing_written(settings, own):
    def write(db):
        site.put(db, "done", "1")
        raise BadInput("no")

    number = ask(own, lambda desk, job: Outcome({}, write))
    worker.process_one_job(own)
    assert (job(settings, number).state, is_written(settings)) == (JobState.FAILED, False)


def test_a_job_that_was_cancelled_meanwhile_writes_nothing(settings, own):
    def cancelled(desk, job):
        with opened(settings.home) as db:
            jobs.cancel(db, job.id, "cancelled by admin")
        return written({})

    number = ask(own, cancelled)
    worker.process_one_job(own)
    assert (job(settings, number).error, is_written(settings)) == ("cancelled by admin", False)


def test_a_job_that_was_given_to_another_writes_nothing(settings, own):
    def lost(desk, job):
        with opened(settings.home) as db:
            jobs.take_over(db, set())
            jobs.claim(db, Lane.READING, "other")
        return written({})

    number = ask(own, lost)
    worker.process_one_job(own)
    assert (job(settings, number).state, is_written(settings)) == (JobState.RUNNING, False)
    assert query(settings, "SELECT worker FROM jobs") == [{"worker": "other"}]


def test_a_cancelled_job_stops_at_its_next_word(settings, own):
    reached = []

    def long(desk, job):
        with opened(settings.home) as db:
            jobs.cancel(db, job.id, "cancelled by admin")
        desk.tell({"done": 1})
        reached.append("the end")

    ask(own, long)
    worker.process_one_job(own)
    assert reached == []


def test_a_stopping_worker_hands_a_long_job_back(settings, own):
    def long(desk, job):
        own.stopping.set()
        desk.tell({"done": 1})

    number = ask(own, long)
    worker.process_one_job(own)
    worker._leave(own)
    found = job(settings, number)
    assert (found.state, found.attempts, found.progress) == (JobState.QUEUED, 0, {"done": 1})
    assert query(settings, "SELECT * FROM workers") == []


def test_a_failed_intake_leaves_no_bytes_with_identity(settings, own):
    def fails(desk, job):
        raise BadInput("no")

    own.handlers[spool.INTAKE] = fails
    spool.receive(settings.home, picture(), spool.Sender())
    worker.process_one_job(own)
    assert files_in(settings, "spool") == []


def test_what_a_sender_was_told_is_kept_goes_only_once_it_is_noted_as_refused(tmp_path, monkeypatch):
    settings = sealing_home(tmp_path)
    with opened(settings.home) as db:
        spool.receive(settings.home, phantom(1, True, rows=128), spool.Sender(bulk=True, network=add_sender(db)))
    monkeypatch.setattr(intake, "read", lambda data: 1 / 0)
    own = worker.new_worker(settings, Lane.READING)
    for _ in range(jobs.MOST_ATTEMPTS):
        assert worker.process_one_job(own)
        assert len(files_in(settings, "spool")) == 1
    assert query(settings, "SELECT * FROM arrivals") == []
    assert worker.process_one_job(own)
    assert query(settings, "SELECT image, refused FROM arrivals") == [{"image": None, "refused": spool.FAILED}]
    assert (files_in(settings, "spool"), worker.process_one_job(own)) == ([], False)


def test_where_not_even_that_can_be_noted_it_stays_in_the_spool(tmp_path, monkeypatch):
    settings = sealing_home(tmp_path)
    with opened(settings.home) as db:
        spool.receive(settings.home, b"no DICOM", spool.Sender(bulk=True, network=add_sender(db)))
    own = worker.new_worker(settings, Lane.READING)
    monkeypatch.setattr(intake, "read", lambda data: 1 / 0)
    monkeypatch.setattr(arriving, "named", lambda data: 1 / 0)
    for _ in range(2 * jobs.MOST_ATTEMPTS):
        assert worker.process_one_job(own)
    assert not worker.process_one_job(own)
    (path,) = files_in(settings, "spool")
    os.utime(path, (0, 0))
    assert (spool.sweep(settings.home), files_in(settings, "spool")) == (0, [path])


def test_a_worker_that_looks_takes_over_from_the_dead(settings, own):
    with opened(settings.home) as db:
        workers.register(db, "dead", Lane.READING, "1")
        db.execute("UPDATE workers SET heartbeat_at = ?", (clock.ago(minutes=5),))
        number = jobs.ask(db, jobs.Request("test", Lane.READING, {}))
        jobs.claim(db, Lane.READING, "dead")
    look(own)
    assert job(settings, number).state is JobState.QUEUED
    assert query(settings, "SELECT id FROM workers") == [{"id": own.id}]


@pytest.mark.parametrize("kind", ["query", "look"])
def test_a_worker_that_looks_drops_answers_that_nobody_takes(settings, own, kind):
    with opened(settings.home) as db:
        number = jobs.ask(db, jobs.Request(kind, Lane.READING, {}))
        jobs.claim(db, Lane.READING, own.id)
        jobs.finish(db, number, own.id, {"sealed": "an answer"})
    look(own)
    assert job(settings, number).result == {"sealed": "an answer"}
    with clock.at(clock.now() + timedelta(hours=2)):
        look(own)
    assert job(settings, number).result == {}


def test_a_worker_that_slept_too_long_comes_back(settings, own):
    look(own)
    other = worker.new_worker(settings, Lane.READING)
    with clock.at(clock.now() + timedelta(minutes=5)):
        look(other)
    assert query(settings, "SELECT id FROM workers") == [{"id": other.id}]
    look(own)
    assert {row["id"] for row in query(settings, "SELECT id FROM workers")} == {own.id, other.id}


def test_a_job_that_tells_of_the_past_does_not_make_its_worker_look_dead(settings, own):
    def story(desk, job):
        with clock.at(clock.now() - timedelta(days=15)):
            desk.tell({"done": 1})
        with opened(settings.home) as db:
            assert workers.living(db) == {own.id}
        return Outcome({})

    look(own)
    number = ask(own, story)
    worker.process_one_job(own)
    assert job(settings, number).state is JobState.DONE


def test_a_worker_stops_when_the_program_on_disk_is_another(own, monkeypatch):
    own.stop_if_left_behind()
    assert not own.stopping.is_set()
    monkeypatch.setattr(worker, "STARTED_AS", b"an older version")
    own.stop_if_left_behind()
    assert own.stopping.is_set()


ON_ONE_CORE = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import cv2, torch
from cxr_core import handlers, worker
from cxr_core.records import Lane
from cxr_core.settings import Settings
for threads, lane in ((0, Lane.READING), (0, Lane.LEARNING), (3, Lane.READING)):
    worker._use_threads(Settings(threads=threads), lane)
    print(torch.get_num_threads(), cv2.getNumThreads())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux gives a process fewer cores")
def test_a_worker_computes_with_the_cores_that_it_may_use_unless_told_otherwise():
    done = subprocess.run([sys.executable, "-c", ON_ONE_CORE], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1", "1", "1", "3", "3"], done.stderr


def test_a_command_does_the_jobs_itself_where_no_worker_is_alive(settings):
    number = spool.receive(settings.home, picture(), spool.Sender())
    with worker.standing_in(settings, Lane.READING) as work:
        assert work()
        assert not work()
    assert job(settings, number).state is JobState.DONE
    assert query(settings, "SELECT * FROM workers") == []


def test_a_command_leaves_the_jobs_to_a_living_worker_until_it_dies(settings, own):
    number = spool.receive(settings.home, picture(), spool.Sender())
    look(own)
    with worker.standing_in(settings, Lane.READING) as work:
        assert not work()
        assert job(settings, number).state is JobState.QUEUED
        with opened(settings.home) as db:
            workers.leave(db, own.id)
        assert work()
    assert job(settings, number).state is JobState.DONE


def test_a_worker_is_at_leisure_once_it_has_settled_and_nobody_waits_for_a_single_file(settings, own):
    assert not own.is_at_leisure()
    own.started_at -= worker.SETTLING_SECONDS
    assert own.is_at_leisure()
    with opened(settings.home) as db:
        jobs.ask(db, jobs.Request("test", Lane.READING, {}, bulk=True))
        jobs.ask(db, jobs.Request("test", Lane.LEARNING, {}))
    assert own.is_at_leisure()
    with opened(settings.home) as db:
        jobs.ask(db, jobs.Request("test", Lane.READING, {}))
    assert not own.is_at_leisure()
    own.handlers["test"] = lambda desk, job: Outcome({})
    while worker.process_one_job(own):
        pass
    assert not own.is_at_leisure()
    with clock.at(clock.now() + timedelta(seconds=worker.SETTLING_SECONDS + 1)):
        assert own.is_at_leisure()


def test_what_a_worker_does_of_its_own_accord_may_go_wrong_and_is_begun_anew(monkeypatch):
    monkeypatch.setattr(worker, "REST_SECONDS", 0.0)
    begun = []

    def chore():
        begun.append(1)
        yield True
        if len(begun) == 1:
            raise ZeroDivisionError

    kept_up = worker._kept_up(chore)
    assert [next(kept_up) for _ in range(3)] == [True, True, True] and len(begun) == 3


def test_the_reading_worker_tells_alarms_of_its_own_accord(tmp_path):
    with serving(Webhook()) as webhook:
        settings = new_home(tmp_path, webhook_url=webhook.url)
        with opened(settings.home) as db:
            number = alarms.open_one(db, "site", "2026-01-05", "2026-01-04", "first", "inverted pictures")
            messages.queue(db, number, messages.Event.OPENED, settings.channels)
        for lane in (Lane.LEARNING, Lane.READING):
            assert not webhook.got
            for chore in worker._chores(worker.new_worker(settings, lane)):
                next(chore())
        wait_until(lambda: query(settings, "SELECT sent_at FROM messages")[0]["sent_at"])
        assert [told["alarm"] for told in webhook.bodies] == [number]


def test_a_process_gets_no_more_memory_than_it_may_take():
    code = (
        "import numpy as np\nfrom cxr_core.work import bounds\n"
        "bounds.hold_memory(2048); np.ones(10**8); print('enough')\n"
        "try:\n    np.ones(10**9)\nexcept MemoryError:\n    print('no more')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.split("\n")[:2] == ["enough", "no more"], found.stderr


def test_what_asks_other_hosts_is_done_beside_the_rest(settings, own, monkeypatch):
    """Every kind waits for a slow host while an X-ray is read; each kind has one thread."""
    go_on, asked = threading.Event(), []

    def slow(desk, job):
        asked.append(job.kind)
        assert go_on.wait(PATIENCE)
        return Outcome({"by": threading.current_thread().name})

    monkeypatch.setattr(worker, "imported", lambda name: slow)
    monkeypatch.setattr(worker, "ERRAND_SECONDS", 0)
    kinds = [*handlers.ERRANDS[Lane.READING], *handlers.ERRANDS[Lane.READING]]
    with opened(settings.home) as db:
        numbers = [jobs.ask(db, jobs.Request(kind, Lane.READING, {})) for kind in kinds]
        read = ask(own, lambda desk, job: Outcome({}))
    chore = worker._running_errands(own)
    wait_until(lambda: next(chore) or len(asked) == len(set(kinds)))
    assert worker.process_one_job(own)
    assert (job(settings, read).state, sorted(asked)) == (JobState.DONE, sorted(set(kinds)))
    assert not worker.process_one_job(own)
    go_on.set()
    wait_until(lambda: next(chore) or not any(job(settings, number).state.is_open for number in numbers))
    assert sorted(asked) == sorted(kinds)


def test_a_command_that_waits_does_errands_itself_where_nobody_else_is(settings, monkeypatch):
    monkeypatch.setattr(worker, "imported", lambda name: lambda desk, job: Outcome({"done": name}))
    with opened(settings.home) as db:
        numbers = [jobs.ask(db, jobs.Request(kind, Lane.READING, {})) for kind in handlers.ERRANDS[Lane.READING]]
    with worker.standing_in(settings, Lane.READING) as step:
        wait_until(lambda: step() or not any(job(settings, number).state.is_open for number in numbers))
    assert [job(settings, number).result["done"] for number in numbers] == [*handlers.ERRANDS[Lane.READING].values()]
