"""Moments put into ISO weeks, Monday to Sunday in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from cxr_core.errors import BadInput

Moments = NDArray[np.datetime64]
"""Times in UTC."""


def utc(at: datetime) -> np.datetime64:
    """`at` in UTC, to the microsecond; raises BadInput for a time without a zone."""
    if at.utcoffset() is None:
        raise BadInput(f"The time {at.isoformat()} has no time zone; times are kept in UTC.")
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def monday(day: date) -> date:
    """The Monday that begins the ISO week of `day`."""
    return day - timedelta(days=day.weekday())


def weekly(at: Moments) -> dict[date, NDArray[np.intp]]:
    """The places in `at` that lie in each week, by its Monday, earliest first; weeks without one aren't there."""
    days = at.astype("datetime64[D]")
    mondays = days - (days.astype(np.int64) + 3) % 7  # the first day of 1970, from which numpy counts, was a Thursday
    order = np.argsort(mondays, kind="stable")
    starts, first = np.unique(mondays[order], return_index=True)
    return dict(zip(starts.tolist(), np.split(order, first)[1:], strict=True))
