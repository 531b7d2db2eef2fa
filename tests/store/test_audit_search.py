"""The log is looked through by who, what, about what and when, a page at a time, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.store import audit, audit_search
from cxr_core.store.audit_search import Wanted
from cxr_core.store.db import transaction

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def log(db):
    """Ten events, an hour apart, by two people."""
    for number in range(10):
        who, what = ("ann", "read") if number % 2 else ("bob", "view image")
        with clock.at(FIRST + timedelta(hours=number)), transaction(db):
            audit.record(db, who, what, f"image-{number % 3}", note=f"number {number}", label="Normal")
    return db


def numbers(log, limit=100, before=None, **wanted):
    return [event["id"] for event in audit_search.page(log, Wanted(**wanted), limit, before)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"actor": "ann"}, [10, 8, 6, 4, 2]),
        ({"actions": ("view image", "reveal")}, [9, 7, 5, 3, 1]),
        ({"about": "image-1"}, [8, 5, 2]),
        ({"about": "image"}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"since": clock.stamp(FIRST + timedelta(hours=7)), "until": clock.stamp(FIRST + timedelta(hours=9))}, [9, 8]),
        ({"text": "NUMBER 7"}, [8]),
        ({"text": "%"}, []),
        ({"actor": "ann", "about": "image-0"}, [10, 4]),
        ({"actor": "' OR 1 --"}, []),
    ],
)
def test_what_is_wanted_is_found_newest_first(log, wanted, expected):
    assert numbers(log, **wanted) == expected


def test_pages_follow_each_other_without_a_gap(log):
    assert numbers(log, 4) + numbers(log, 4, 7) + numbers(log, 4, 3) == list(range(10, 0, -1))


def test_batches_follow_each_other_oldest_first_up_to_where_the_log_ended(log):
    found = [event["id"] for event in audit_search.batch(log, Wanted(actor="ann"), (2, 9), 100)]
    assert found == [4, 6, 8]


def test_days_and_people_are_counted(log):
    assert audit_search.by_day(log, clock.stamp(FIRST - timedelta(days=1))) == {"2026-03-01": 10}
    assert audit_search.by_day(log, clock.stamp(FIRST + timedelta(days=1))) == {}
    assert audit_search.actors(log) == ["ann", "bob"]


def test_an_empty_log_has_nobody(db):
    assert audit_search.actors(db) == []
    assert audit_search.page(db, Wanted(), 10) == []
