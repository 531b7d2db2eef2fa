"""Streams of X-rays in a home of the test's own, and looks at them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from cxr_core import clock
from cxr_core.work.drift import alarming
from tests.work.drifting import Stream
from tests.work.sites import new_home

START = date(2026, 3, 2)
BRIGHTER = 1.5
"""Standard deviations."""


def day(number):
    """A day by its number: the first is 0."""
    return START + timedelta(days=number)


def noon(number):
    """Noon of a day, for as long as the block runs."""
    return clock.at(datetime.combine(day(number), time(12), UTC))


@pytest.fixture
def settings(tmp_path):
    """The test's own home, opened the day before the first."""
    with noon(-1):
        return new_home(tmp_path)


@pytest.fixture
def stream(settings):
    """X-rays that come in, like those of the model in use until a test says otherwise."""
    found = Stream(settings.home)
    with noon(0):
        found.model("watched")
    return found


@pytest.fixture
def alarm(settings, stream):
    """The number of an alarm that is open."""
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    (number,) = look(settings, 40)
    return number


def come(stream, days, shifts=(0.0, 0.0), says=0.0, model="watched"):
    """X-rays of each of the days from a number to another."""
    for number in range(*days):
        stream.comes(day(number), model, shifts, says)


def look(settings, number):
    """The alarms that were opened by a look on a day."""
    with noon(number):
        return alarming.look(settings.home)


def look_daily(settings, *days):
    """The alarms that were opened by looks on each of the days from a number to another."""
    return [number for each in range(*days) for number in look(settings, each)]


def standing(settings, admin):
    """The alarms that nobody has closed."""
    return alarming.standing(settings.home, admin)


def spoken(told):
    """Which signals an alarm has, by place and reference."""
    return {(row["scope"], row["beside"], row["signal"]) for row in told.signals}
