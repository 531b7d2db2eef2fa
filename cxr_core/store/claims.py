"""Who has a case open: a claim that is renewed while they look, and ends by itself."""

from __future__ import annotations

from datetime import timedelta

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import count

LEASE_MINUTES = 10
"""Without another sign of life; opening the case, every click and the browser's own beat are one."""


def renew(db: Database, image: str, reader: int) -> None:
    """Let a reader have a case for another lease; claims that have ended are forgotten."""
    db.execute("DELETE FROM claims WHERE until <= ?", (clock.stamp(),))
    until = clock.stamp(clock.now() + timedelta(minutes=LEASE_MINUTES))
    db.execute("INSERT OR REPLACE INTO claims (image, reader, until) VALUES (?, ?, ?)", (image, reader, until))


def give_up(db: Database, image: str, reader: int) -> None:
    """End a reader's claim."""
    db.execute("DELETE FROM claims WHERE image = ? AND reader = ?", (image, reader))


def give_up_all(db: Database, reader: int) -> None:
    """End all claims of a reader who leaves."""
    db.execute("DELETE FROM claims WHERE reader = ?", (reader,))


def of_others(db: Database, image: str, reader: int) -> int:
    """How many others have the case open."""
    return count(
        db,
        "SELECT count(*) FROM claims WHERE image = ? AND reader <> ? AND until > ?",
        (image, reader, clock.stamp()),
    )
