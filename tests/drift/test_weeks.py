from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from cxr_core.drift.weeks import utc, week_of, weekly
from cxr_core.errors import BadInput


@dataclass(frozen=True)
class Event:
    at: datetime


def test_a_week_runs_from_monday_to_sunday() -> None:
    assert week_of(datetime(2025, 3, 3, tzinfo=UTC)) == date(2025, 3, 3)
    assert week_of(datetime(2025, 3, 9, 23, 59, tzinfo=UTC)) == date(2025, 3, 3)
    assert week_of(datetime(2025, 3, 10, tzinfo=UTC)) == date(2025, 3, 10)


def test_a_week_may_begin_in_the_year_before() -> None:
    assert week_of(datetime(2026, 1, 1, tzinfo=UTC)) == date(2025, 12, 29)


def test_the_day_is_that_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert week_of(datetime(2025, 3, 10, 5, tzinfo=tokyo)) == date(2025, 3, 3)
    assert utc(datetime(2025, 3, 10, 5, tzinfo=tokyo)) == datetime(2025, 3, 9, 20, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="time zone"):
        week_of(datetime(2025, 3, 3))


def test_weeks_come_in_order_and_empty_ones_are_absent() -> None:
    events = [Event(datetime(2025, 3, day, tzinfo=UTC)) for day in (20, 4, 5)]
    assert weekly(events) == {date(2025, 3, 3): events[1:], date(2025, 3, 17): events[:1]}
