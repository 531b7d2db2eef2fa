"""Who has a case open: a claim that is renewed while they look, and ends by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import count, one

LEASE_MINUTES = 10
"""Without another sign of life: the page that is open, and every beat, is one."""
IDLE_SECONDS = 20
"""A longer time without a beat counts as this long: the viewer beats every 15 seconds in which a hand moves."""


def renew(db: Database, image: str, reader: int) -> None:
    """Let a reader have a case for another lease; claims that have ended are forgotten."""
    now = clock.stamp()
    db.execute("DELETE FROM claims WHERE until <= ?", (now,))
    db.execute(
        "INSERT INTO claims (image, reader, until, beat_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (image, reader) DO UPDATE SET until = excluded.until",
        (image, reader, _until(), now),
    )


def beat(db: Database, image: str, reader: int) -> None:
    """A reader's hand moves: count the time since it last did, unless that is long ago; nothing without a claim."""
    db.execute(
        "UPDATE claims SET until = ?, active = ?, beat_at = ? WHERE image = ? AND reader = ?",
        (_until(), seconds(db, image, reader), clock.stamp(), image, reader),
    )


def seconds(db: Database, image: str, reader: int) -> float | None:
    """How long a reader has been at a case, idle time left out; None without a claim."""
    row = one(db, "SELECT active, beat_at FROM claims WHERE image = ? AND reader = ?", (image, reader))
    if row is None:
        return None
    since = (clock.now() - datetime.fromisoformat(row["beat_at"])).total_seconds()
    return float(row["active"] + min(max(since, 0.0), IDLE_SECONDS))


def _until() -> str:
    return clock.stamp(clock.now() + timedelta(minutes=LEASE_MINUTES))


def give_up(db: Database, image: str, reader: int) -> None:
    """End a reader's claim."""
    db.execute("DELETE FROM claims WHERE image = ? AND reader = ?", (image, reader))


def give_up_all(db: Database, reader: int) -> None:
    """End all claims of a reader who leaves."""
    db.execute("DELETE FROM claims WHERE reader = ?", (reader,))


def readers_beside(db: Database, worklist: int, reader: int) -> int:
    """How many others have cases of a worklist open."""
    return count(
        db,
        "SELECT count(DISTINCT c.reader) FROM claims c JOIN images i ON i.id = c.image "
        "WHERE i.worklist = ? AND c.reader <> ? AND c.until > ?",
        (worklist, reader, clock.stamp()),
    )


def of_others(db: Database, image: str, reader: int) -> int:
    """How many others have the case open."""
    return count(
        db,
        "SELECT count(*) FROM claims WHERE image = ? AND reader <> ? AND until > ?",
        (image, reader, clock.stamp()),
    )
