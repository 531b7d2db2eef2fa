from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from cxr_core.drift.weeks import monday, utc, weekly
from cxr_core.errors import BadInput


def test_a_week_runs_from_monday_to_sunday() -> None:
    assert monday(date(2025, 3, 3)) == date(2025, 3, 3)
    assert monday(date(2025, 3, 9)) == date(2025, 3, 3)
    assert monday(date(2025, 3, 10)) == date(2025, 3, 10)


def test_a_week_may_begin_in_the_year_before() -> None:
    assert monday(date(2026, 1, 1)) == date(2025, 12, 29)


def test_the_day_is_that_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert utc(datetime(2025, 3, 10, 5, tzinfo=tokyo)) == np.datetime64("2025-03-09T20:00", "us")
    assert utc(datetime(2025, 3, 10, 5, 0, 0, 1, tzinfo=UTC)) == np.datetime64("2025-03-10T05:00:00.000001", "us")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="time zone"):
        utc(datetime(2025, 3, 3))


def test_weeks_come_in_order_and_empty_ones_are_absent() -> None:
    found = weekly(np.array(["2025-03-20", "2025-03-04T23:59:59.999999", "2025-03-05"], "datetime64[us]"))
    assert [(start, places.tolist()) for start, places in found.items()] == [
        (date(2025, 3, 3), [1, 2]),
        (date(2025, 3, 17), [0]),
    ]


def test_each_moment_is_in_the_week_of_its_monday() -> None:
    microseconds = np.random.default_rng(1).integers(0, 3 * 10**15, 500).astype("timedelta64[us]")
    at = np.datetime64("1969-12-01", "us") + microseconds
    found = weekly(at)
    assert sorted(place for places in found.values() for place in places.tolist()) == list(range(500))
    assert all(monday(at[place].item().date()) == start for start, places in found.items() for place in places)


def test_no_moments_make_no_weeks() -> None:
    assert weekly(np.array([], "datetime64[us]")) == {}
