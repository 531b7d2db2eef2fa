"""Stops: from when to when no model's opinion was shown to anybody, who said so, and why."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Stop:
    """A time in which no opinion of any model is shown."""

    reason: str
    stopped_by: str | None
    """The admin's name; None for the plan's rule."""
    stopped_at: str
    lifted_by: str | None
    """The admin's name; None while it stands."""
    lifted_at: str | None
    lifted_because: str | None


_STOPS = """
SELECT s.reason, a.name AS stopped_by, s.stopped_at, b.name AS lifted_by, s.lifted_at, s.lifted_because
FROM stops s LEFT JOIN users a ON a.id = s.stopped_by LEFT JOIN users b ON b.id = s.lifted_by
"""


def open_one(db: Database, reason: str, by: int | None) -> None:
    """Begin a stop, by an admin or (None) by the plan's rule; the database holds one open at a time."""
    insert(db, "stops", {"reason": reason, "stopped_by": by, "stopped_at": clock.stamp()})


def lift(db: Database, reason: str, by: int) -> None:
    """End the stop that stands; nothing where none does."""
    db.execute(
        "UPDATE stops SET lifted_by = ?, lifted_at = ?, lifted_because = ? WHERE lifted_at IS NULL",
        (by, clock.stamp(), reason),
    )


def current(db: Database) -> Stop | None:
    """The stop that stands, or None."""
    found = one(db, f"{_STOPS} WHERE s.lifted_at IS NULL")
    return Stop(**found) if found else None


def all_stops(db: Database) -> list[Stop]:
    """Every stop, newest first."""
    return [Stop(**row) for row in rows(db, f"{_STOPS} ORDER BY s.id DESC")]


def rule_lifted_at(db: Database) -> str:
    """When a stop by the plan's rule was last lifted; empty, which stands before every stamp, where none was."""
    found = one(db, "SELECT max(lifted_at) AS at FROM stops WHERE stopped_by IS NULL")
    return str(found["at"] or "") if found else ""
