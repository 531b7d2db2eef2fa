"""Transactions: all or nothing, and writers queue."""

import pytest

from cxr_core.store import site
from cxr_core.store.db import count, one, opened, rows, transaction
from tests.store.rows import at_once

ROUNDS = 25


def add_many(number, home):
    """Read, add one, write back: lost updates would show."""
    for _ in range(ROUNDS):
        with opened(home) as db, transaction(db):
            site.put(db, "counter", str(int(site.get(db, "counter") or 0) + 1))


def test_a_transaction_that_fails_leaves_nothing(db):
    with pytest.raises(RuntimeError), transaction(db):
        site.put(db, "half", "1")
        raise RuntimeError
    assert site.get(db, "half") is None


def test_writers_queue_and_no_update_is_lost(home):
    assert at_once(add_many, 4, home) == [None] * 4
    with opened(home) as db:
        assert site.get(db, "counter") == str(4 * ROUNDS)


def test_rows_come_as_dictionaries(db):
    site.put(db, "a", "1")
    site.put(db, "b", "2")
    assert rows(db, "SELECT name, value FROM site ORDER BY name") == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": "2"},
    ]
    assert one(db, "SELECT value FROM site WHERE name = ?", ("c",)) is None
    assert count(db, "SELECT count(*) FROM site") == 2


def test_a_fact_of_the_site_can_be_replaced(db):
    site.put(db, "name", "old")
    site.put(db, "name", "new")
    assert site.get(db, "name") == "new"


def test_a_new_home_is_closed_to_others(home):
    assert home.stat().st_mode & 0o777 == 0o700
