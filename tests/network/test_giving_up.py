"""No delivery is tried without an end, or without a pause that grows."""

import multiprocessing
import os
import signal
from datetime import datetime, timedelta

import pytest

from cxr_core.records import DeliveryState, Proof
from cxr_core.store import deliveries
from cxr_core.work.hospital import composing
from tests.network.outbox import Archive
from tests.orthanc import free_port
from tests.processes import PATIENCE

pytestmark = pytest.mark.alone
FORKED = multiprocessing.get_context("fork")
ACCEPTED, DEAD = DeliveryState.ACCEPTED, DeliveryState.DEAD
WORKERS, ASKED = 8, 6


def deadly(*what):
    """An answer whose making ends the process, as one that takes all memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


def worker(outbox, pacs, **later):
    """What ended a process that does what is due there, after so much time; its work is taken over."""
    outbox.moment += timedelta(**later)
    process = FORKED.Process(target=outbox.deliver, args=(pacs,))
    process.start()
    process.join(PATIENCE)
    with outbox.db() as db:
        deliveries.take_over(db, [])
    return process.exitcode


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.QUERY])
def test_an_answer_that_ends_every_worker_is_dead_after_three(outbox, monkeypatch, proof):
    monkeypatch.setattr(composing, "compose", deadly)
    pacs = outbox.to(free_port(), proof)
    ends = [worker(outbox, pacs, minutes=3) for _ in range(WORKERS)]
    assert set(ends) == {0, -signal.SIGKILL} and ends.count(-signal.SIGKILL) == 3
    (found,) = outbox.ledger(pacs)
    assert found.state is DEAD
    assert "the worker's log" in found.said and "3 times" in found.said


def test_what_one_workers_end_broke_off_is_delivered_by_the_next(outbox, monkeypatch):
    with Archive().at_work() as port:
        pacs = outbox.to(port)
        with monkeypatch.context() as once:
            once.setattr(composing, "compose", deadly)
            assert worker(outbox, pacs) == -signal.SIGKILL
        assert outbox.one(pacs, minutes=1).state is ACCEPTED


def test_an_archive_that_can_not_be_asked_is_asked_ever_more_seldom(outbox):
    with Archive().at_work(finds=False) as port:
        pacs = outbox.to(port)
        found, begun = outbox.one(pacs), outbox.moment
        for _ in range(ASKED):
            later = datetime.fromisoformat(found.next_at) - outbox.moment
            found = outbox.one(pacs, seconds=later.total_seconds())
            assert found.state is ACCEPTED
    assert datetime.fromisoformat(found.next_at) - begun > timedelta(minutes=6)
