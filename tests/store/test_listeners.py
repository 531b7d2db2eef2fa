"""What listens is a row for as long as its process lives and beats."""

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.store import listeners
from cxr_core.store.listeners import Listening
from tests.processes import ended

HERE = Listening("CXRREADER", "127.0.0.1", 11112, None)


def told(db):
    return [(each.ae_title, each.host, each.port, each.tls_port) for each in listeners.living(db)]


def test_one_that_listens_is_seen_until_it_leaves(db):
    listeners.register(db, "one", HERE)
    assert told(db) == [("CXRREADER", "127.0.0.1", 11112, None)]
    listeners.leave(db, "one")
    assert told(db) == []


def test_one_that_was_silent_for_too_long_is_not_seen_until_it_beats_again(db):
    listeners.register(db, "one", HERE)
    with clock.at(clock.now() + timedelta(seconds=listeners.LEASE_SECONDS + 1)):
        assert told(db) == []
        assert listeners.beat(db, "one")
        assert len(told(db)) == 1


def test_one_whose_process_is_gone_is_not_seen(db):
    listeners.register(db, "one", HERE)
    db.execute("UPDATE listeners SET pid = ?", (ended(),))
    assert told(db) == []


@pytest.mark.parametrize("lives", [True, False])
def test_whoever_comes_strikes_off_those_that_have_ended(db, lives):
    listeners.register(db, "one", HERE)
    if not lives:
        db.execute("UPDATE listeners SET pid = ?", (ended(),))
    listeners.register(db, "two", HERE)
    assert listeners.beat(db, "one") is lives
    assert listeners.beat(db, "two")
