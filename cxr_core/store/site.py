"""What the site is: small facts that are written once."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.store.db import one

DEMO = "demo"
"""The fact of a home that shows synthetic studies."""


def get(db: Database, name: str) -> str | None:
    """A fact of the site, or None."""
    row = one(db, "SELECT value FROM site WHERE name = ?", (name,))
    return str(row["value"]) if row else None


def put(db: Database, name: str, value: str) -> None:
    """Write a fact down, or replace it."""
    db.execute("INSERT OR REPLACE INTO site (name, value) VALUES (?, ?)", (name, value))


def drop(db: Database, name: str) -> None:
    """Forget a fact; nothing happens if it isn't there."""
    db.execute("DELETE FROM site WHERE name = ?", (name,))
