"""The time, as everything here writes it down: UTC, ISO 8601. The demo's history is told at past moments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

EARLIEST = date(2000, 1, 1)
"""A day before anything came in."""
_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """The moment, in UTC."""
    return _pretended.get() or datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """`moment` (or now) as text that sorts like time: 2026-03-01T12:00:00.000000+00:00."""
    return (moment or now()).astimezone(UTC).isoformat(timespec="microseconds")


def moment(seconds: float) -> str:
    """The stamp of so many seconds since 1970."""
    return stamp(datetime.fromtimestamp(seconds, UTC))


def ago(**duration: float) -> str:
    """The stamp of the moment that lies `duration` (as for timedelta) back."""
    return stamp(now() - timedelta(**duration))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block, in this thread, it is `moment`."""
    token = _pretended.set(moment)
    try:
        yield
    finally:
        _pretended.reset(token)
