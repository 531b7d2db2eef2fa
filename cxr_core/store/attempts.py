"""Wrong passwords in a row, by name: after some, a name waits before it may be tried again, longer each time."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import one

FREE = 10
"""Wrong ones in a row that cost nothing but their time: people mistype, and forget."""
SHORTEST = timedelta(minutes=1)
"""The wait after these; it doubles with each further one."""
LONGEST = timedelta(minutes=15)
"""Whoever guesses names makes others wait: not longer than this, and an admin can end it."""
FORGOTTEN = timedelta(days=1)
"""After so long without an attempt it begins from zero."""


def key_of(secret: bytes, name: str) -> str:
    """What a name is counted under: it isn't kept itself, since people type passwords into the wrong field."""
    return hmac.digest(secret, b"attempt" + name.strip().lower().encode(), "sha256").hex()


def locked_until(db: Database, key: str) -> datetime | None:
    """When a name may be tried again, or None where it may be now."""
    found = one(db, "SELECT wrong, last_at FROM attempts WHERE name = ?", (key,))
    if found is None or found["wrong"] < FREE:
        return None
    end = datetime.fromisoformat(found["last_at"]) + _wait(found["wrong"])
    return end if end > clock.now() else None


def _wait(wrong: int) -> timedelta:
    return min(LONGEST, SHORTEST * 2 ** min(wrong - FREE, 10))


def wrong(db: Database, key: str) -> bool:
    """Count a wrong password; whether the name has to wait from now. Counts that are old enough are forgotten."""
    db.execute("DELETE FROM attempts WHERE last_at <= ?", (clock.stamp(clock.now() - FORGOTTEN),))
    db.execute(
        "INSERT INTO attempts (name, wrong, last_at) VALUES (?, 1, ?) "
        "ON CONFLICT (name) DO UPDATE SET wrong = wrong + 1, last_at = excluded.last_at",
        (key, clock.stamp()),
    )
    return locked_until(db, key) is not None


def forget(db: Database, key: str) -> None:
    """Begin from zero: after a right password."""
    db.execute("DELETE FROM attempts WHERE name = ?", (key,))


def begin_anew(db: Database, key: str) -> None:
    """Begin from zero where an admin says so, and keep for a while when that was: servers count on their own, too."""
    forget(db, key)
    db.execute("REPLACE INTO attempts (name, wrong, last_at) VALUES (?, 0, ?)", (_anew(key), clock.stamp()))


def begun_anew(db: Database, key: str) -> datetime | None:
    """When an admin last had a name begin from zero, or None where that is long ago or never was."""
    found = one(db, "SELECT last_at FROM attempts WHERE name = ?", (_anew(key),))
    return datetime.fromisoformat(found["last_at"]) if found else None


def _anew(key: str) -> str:
    return f"anew {key}"
