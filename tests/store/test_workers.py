"""Who is alive: a heartbeat within the lease, of a process that exists."""

import os
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.records import Lane
from cxr_core.store import workers
from tests.processes import ended


@pytest.fixture
def gone():
    """The number of a process that has ended."""
    return ended()


def test_a_registered_worker_lives_in_its_lane(db):
    workers.register(db, "w", Lane.READING, "1")
    assert workers.living(db) == workers.living(db, Lane.READING) == {"w"}
    assert workers.living(db, Lane.LEARNING) == set()


def test_a_silent_worker_is_dead_after_its_lease(db):
    workers.register(db, "w", Lane.READING, "1")
    with clock.at(clock.now() + timedelta(seconds=workers.LEASE_SECONDS + 1)):
        assert workers.living(db) == set()
        assert workers.beat(db, "w")
        assert workers.living(db) == {"w"}


def test_a_worker_whose_process_is_gone_is_dead_at_once(db, gone):
    workers.register(db, "w", Lane.READING, "1")
    db.execute("UPDATE workers SET pid = ?", (gone,))
    assert workers.living(db) == set()


def test_a_process_of_somebody_else_counts_as_alive(db):
    workers.register(db, "w", Lane.READING, "1")
    db.execute("UPDATE workers SET pid = 1")
    assert workers.living(db) == {"w"}


def test_the_dead_are_struck_off_and_learn_of_it(db, gone):
    workers.register(db, "alive", Lane.READING, "1")
    workers.register(db, "dead", Lane.READING, "1")
    db.execute("UPDATE workers SET pid = ? WHERE id = 'dead'", (gone,))
    workers.bury(db, workers.living(db))
    assert db.execute("SELECT id, pid FROM workers").fetchall() == [("alive", os.getpid())]
    assert not workers.beat(db, "dead")


def test_a_worker_that_leaves_is_gone(db):
    workers.register(db, "w", Lane.LEARNING, "1")
    workers.leave(db, "w")
    assert workers.living(db) == set()
