"""How things are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.ui import words


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1.0, "100 %")]
)
def test_what_is_not_quite_certain_is_never_written_as_certain(share, text):
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("back", "text"),
    [(timedelta(seconds=5), "now"), (timedelta(minutes=4), "4 min"), (timedelta(hours=3), "3 h"),
     (timedelta(days=12), "12 d")],
)  # fmt: skip
def test_waiting_times_are_short(back, text):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with clock.at(now):
        assert words.since(clock.stamp(now - back)) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "<1 s"), (0.9, "<1 s"), (4.24, "4.2 s"), (12.4, "12 s")])
def test_a_time_has_a_decimal_only_where_it_matters(seconds, text):
    assert words.spent(seconds) == text


def test_a_number_without_an_interval_stands_alone():
    assert words.ranged(0.987, [None, None]) == "0.987"
    assert words.ranged(0.987, [0.97, 0.99]) == "0.987 (0.970 to 0.990)"


@pytest.mark.parametrize(("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images")])
def test_one_thing_is_not_written_as_many(number, text):
    assert words.how_many(number, "images") == text
