"""Rows put into ISO weeks, Monday to Sunday in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar

from cxr_core.errors import BadInput


class Dated(Protocol):
    """Anything that happened at a time."""

    @property
    def at(self) -> datetime:
        """When, with its time zone."""


T = TypeVar("T", bound=Dated)


def utc(at: datetime) -> datetime:
    """`at` in UTC; raises BadInput for a time without a zone."""
    if at.utcoffset() is None:
        raise BadInput(f"The time {at.isoformat()} has no time zone; times are kept in UTC.")
    return at.astimezone(UTC)


def week_of(at: datetime) -> date:
    """The Monday that begins the ISO week of `at`, in UTC; raises BadInput for a time without a zone."""
    day = utc(at).date()
    return day - timedelta(days=day.weekday())


def weekly(rows: Iterable[T]) -> dict[date, list[T]]:
    """`rows` by the Monday of their week, earliest first; weeks without a row aren't there."""
    weeks: dict[date, list[T]] = {}
    for row in rows:
        weeks.setdefault(week_of(row.at), []).append(row)
    return dict(sorted(weeks.items()))
