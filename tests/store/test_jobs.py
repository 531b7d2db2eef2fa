"""A job is done by one worker, taken over when that worker dies, and never by two."""

import pytest

from cxr_core.errors import NotFound
from cxr_core.records import JobState, Lane
from cxr_core.store import jobs
from cxr_core.store.db import opened
from tests.store.rows import at_once

ALL = 200


def ask(db, kind="test", lane=Lane.READING, bulk=False, **payload):
    return jobs.ask(db, jobs.Request(kind, lane, payload, bulk=bulk))


def work_off(number, home):
    """Claim and finish until nothing is open; the numbers of the jobs that this process got."""
    got = []
    with opened(home) as db:
        while jobs.open_payloads(db, "test"):
            job = jobs.claim(db, Lane.READING, f"worker {number}")
            if job is not None:
                got.append(job.id)
                assert jobs.finish(db, job.id, f"worker {number}", {})
    return got


def test_each_of_many_jobs_is_claimed_by_one_of_four_processes(home):
    with opened(home) as db:
        db.execute("BEGIN")
        numbers = [ask(db) for _ in range(ALL)]
        db.execute("COMMIT")
    shares = at_once(work_off, 4, home)
    assert sorted(number for share in shares for number in share) == numbers
    with opened(home) as db:
        assert {row[0] for row in db.execute("SELECT attempts FROM jobs")} == {1}


def test_jobs_come_in_the_order_in_which_they_were_asked_for(db):
    first, second = ask(db), ask(db)
    assert [jobs.claim(db, Lane.READING, "a").id for _ in range(2)] == [first, second]
    assert jobs.claim(db, Lane.READING, "a") is None


def test_a_single_file_goes_before_a_batch(db):
    bulk, single = ask(db, bulk=True), ask(db)
    assert [jobs.claim(db, Lane.READING, "a").id for _ in range(2)] == [single, bulk]


def test_a_lane_does_not_take_the_other_lanes_jobs(db):
    ask(db, lane=Lane.LEARNING)
    assert jobs.claim(db, Lane.READING, "a") is None
    assert jobs.claim(db, Lane.LEARNING, "a") is not None


def test_a_claimed_job_is_as_it_was_asked_for(db):
    number = ask(db, kind="intake", spool="token")
    job = jobs.claim(db, Lane.READING, "a")
    assert (job.id, job.kind, job.lane, job.state) == (number, "intake", Lane.READING, JobState.RUNNING)
    assert (job.payload, job.attempts, job.error) == ({"spool": "token"}, 1, None)


def test_progress_and_result_are_kept(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "a")
    assert jobs.beat(db, number, "a", {"done": 3})
    assert jobs.beat(db, number, "a")
    assert jobs.finish(db, number, "a", {"answer": 42})
    job = jobs.get(db, number)
    assert (job.state, job.progress, job.result) == (JobState.DONE, {"done": 3}, {"answer": 42})
    assert job.finished_at is not None


def test_the_job_of_a_dead_worker_is_taken_over(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "dead")
    assert jobs.take_over(db, {"other"}) == []
    job = jobs.claim(db, Lane.READING, "other")
    assert (job.id, job.attempts) == (number, 2)


def test_the_job_of_a_living_worker_is_left_alone(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "alive")
    assert jobs.take_over(db, {"alive"}) == []
    assert jobs.get(db, number).state is JobState.RUNNING


def test_a_job_that_kills_its_workers_fails_in_the_end(db):
    number = ask(db)
    for attempt in range(jobs.MOST_ATTEMPTS):
        assert jobs.claim(db, Lane.READING, f"victim {attempt}").attempts == attempt + 1
        failed = jobs.take_over(db, set())
    job = jobs.get(db, number)
    assert failed == [job]
    assert job.state is JobState.FAILED
    assert job.error.startswith(f"the worker died {jobs.MOST_ATTEMPTS} times at this job")
    assert jobs.claim(db, Lane.READING, "next") is None


def test_a_worker_that_lost_the_job_can_not_end_it(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "slow")
    jobs.take_over(db, set())
    jobs.claim(db, Lane.READING, "quick")
    assert not jobs.beat(db, number, "slow", {"done": 9})
    assert not jobs.finish(db, number, "slow", {"by": "slow"})
    assert not jobs.fail(db, number, "slow", "by slow")
    assert jobs.finish(db, number, "quick", {"by": "quick"})
    assert jobs.get(db, number).result == {"by": "quick"}


def test_a_finished_job_is_not_finished_again(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "a")
    assert jobs.finish(db, number, "a", {})
    assert not jobs.finish(db, number, "a", {"again": True})
    assert not jobs.cancel(db, number, "too late")


@pytest.mark.parametrize("is_claimed", [False, True])
def test_an_open_job_can_be_cancelled(db, is_claimed):
    number = ask(db)
    if is_claimed:
        jobs.claim(db, Lane.READING, "a")
    assert jobs.cancel(db, number, "cancelled by admin")
    assert jobs.get(db, number).error == "cancelled by admin"
    assert not jobs.beat(db, number, "a")
    assert not jobs.finish(db, number, "a", {})
    assert jobs.claim(db, Lane.READING, "b") is None


def test_what_is_handed_back_costs_no_attempt(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "a")
    assert jobs.hand_back(db, "a") == 1
    assert jobs.claim(db, Lane.READING, "b").attempts == 1
    assert jobs.get(db, number).state is JobState.RUNNING


def test_open_payloads_are_those_of_queued_and_running_jobs(db):
    done = ask(db, kind="intake", spool="done")
    jobs.claim(db, Lane.READING, "a")
    jobs.finish(db, done, "a", {})
    ask(db, kind="intake", spool="running")
    jobs.claim(db, Lane.READING, "a")
    ask(db, kind="intake", spool="queued")
    ask(db, kind="other", spool="other")
    assert {payload["spool"] for payload in jobs.open_payloads(db, "intake")} == {"running", "queued"}


def test_a_job_that_is_not_there_is_not_found(db):
    with pytest.raises(NotFound, match="no job 7"):
        jobs.get(db, 7)


def test_jobs_come_in_the_order_of_the_numbers_asked_for(db):
    first, second, third = (ask(db, kind=kind) for kind in ("a", "b", "c"))
    assert [job.kind for job in jobs.these(db, iter([third, first, third]))] == ["c", "a", "c"]
    assert jobs.these(db, []) == []
    assert jobs.these(db, [second]) == [jobs.get(db, second)]
    with pytest.raises(NotFound, match="no job 7"):
        jobs.these(db, [first, 7])


def test_the_newest_jobs_come_first(db):
    numbers = [ask(db) for _ in range(3)]
    ask(db, kind="other")
    jobs.claim(db, Lane.READING, "a")
    assert [job.id for job in jobs.newest(db, "test", 2)] == numbers[:0:-1]


def test_what_a_sender_of_the_network_brought_is_counted_while_it_is_open(db):
    ask(db, "intake", spool="a")
    ask(db, "intake", spool="b", sender=1)
    ask(db, "intake", spool="c", sender=1)
    ask(db, "other", sender=1)
    assert jobs.open_from_network(db, "intake") == 2
    for _ in range(4):
        jobs.finish(db, jobs.claim(db, Lane.READING, "w").id, "w", {})
    assert jobs.open_from_network(db, "intake") == 0


def test_a_worker_takes_those_kinds_alone_that_it_does(db):
    first, second = ask(db, "slow"), ask(db, "quick")
    assert jobs.claim(db, Lane.READING, "w", ["quick", "other"]).id == second
    assert jobs.claim(db, Lane.READING, "w", ["quick", "other"]) is None
    assert jobs.is_queued(db, "slow")
    assert not jobs.is_queued(db, "quick")
    assert jobs.claim(db, Lane.READING, "w").id == first


def ended(db, way, number):
    """End a job that is running in one of the ways in which jobs end."""
    if way == "taken over":
        db.execute("UPDATE jobs SET attempts = ?", (jobs.MOST_ATTEMPTS,))
        jobs.take_over(db, set())
    elif way == "cancelled":
        jobs.cancel(db, number, "no")
    elif way == "failed":
        jobs.fail(db, number, "w", "no")
    else:
        jobs.finish(db, number, "w", {})


@pytest.mark.parametrize("way", ["finished", "failed", "cancelled", "taken over"])
def test_what_a_job_had_sealed_ends_with_it(db, way):
    number, other = ask(db, sealed="secret", source=1), ask(db, sealed="of another", source=1)
    jobs.claim(db, Lane.READING, "w")
    assert jobs.get(db, number).payload["sealed"] == "secret"
    ended(db, way, number)
    assert not jobs.get(db, number).state.is_open
    assert jobs.get(db, number).payload == {"source": 1}
    assert jobs.get(db, other).payload == {"sealed": "of another", "source": 1}


def test_a_job_that_goes_back_keeps_what_it_had_sealed(db):
    number = ask(db, sealed="secret")
    for go_back in (lambda: jobs.hand_back(db, "w"), lambda: jobs.put_back(db, number, "w"),
                    lambda: jobs.take_over(db, set())):  # fmt: skip
        jobs.claim(db, Lane.READING, "w")
        go_back()
        assert jobs.get(db, number).payload == {"sealed": "secret"}


def test_what_a_result_has_sealed_is_given_once(db):
    number = ask(db)
    jobs.claim(db, Lane.READING, "w")
    jobs.finish(db, number, "w", {"found": 2, "sealed": "answer"})
    assert (jobs.take_sealed(db, number), jobs.take_sealed(db, number)) == ("answer", None)
    assert jobs.get(db, number).result == {"found": 2}


def test_what_nobody_took_is_dropped_when_it_is_old(db):
    for _ in range(2):
        number = ask(db)
        jobs.claim(db, Lane.READING, "w")
        jobs.finish(db, number, "w", {"sealed": "answer"})
    db.execute("UPDATE jobs SET finished_at = '2020' WHERE id = ?", (number - 1,))
    jobs.drop_sealed(db, "test", "2021")
    assert [jobs.get(db, each).result for each in (number - 1, number)] == [{}, {"sealed": "answer"}]


def test_open_jobs_are_found_by_what_they_are_about(db):
    first, second, _ = ask(db, source=1), ask(db, source=1), ask(db, source=2)
    ask(db, "other", source=1)
    assert jobs.open_of(db, "test", "source", 1) == [first, second]
    jobs.cancel(db, first, "no")
    assert jobs.open_of(db, "test", "source", 1) == [second]
