"""The plans that something was fixed or decided under, by the hash of their text."""

from __future__ import annotations

import hashlib

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import one


def name_of(text: str) -> str:
    """The hash by which a plan is named."""
    return hashlib.sha256(text.encode()).hexdigest()


def keep(db: Database, text: str) -> str:
    """Store a plan's text, once, and return its name; within the caller's transaction."""
    db.execute("INSERT OR IGNORE INTO plans VALUES (?, ?, ?)", (name_of(text), text, clock.stamp()))
    return name_of(text)


def get(db: Database, sha256: str) -> str:
    """A plan's text. Raises NotFound."""
    row = one(db, "SELECT text FROM plans WHERE sha256 = ?", (sha256,))
    if row is None:
        raise NotFound(f"there is no plan {sha256[:12]}…")
    return str(row["text"])
