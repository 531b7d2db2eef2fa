"""Looking through the audit log: newest first, a page at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.store.db import rows


@dataclass(frozen=True)
class Wanted:
    """Which events; what is empty or None narrows nothing."""

    since: str = ""
    """A stamp."""
    until: str = ""
    """A stamp, which isn't within."""
    actor: str = ""
    actions: tuple[str, ...] = ()
    about: str = ""
    """The beginning of a subject: an image, a patient's pseudonym, a model."""
    text: str = ""
    """Anywhere in the details."""

    @property
    def index(self) -> str:
        """What finds the rows: a subject has few, while SQLite would go through all of them, newest first."""
        return "INDEXED BY audit_by_subject" if self.about else ""

    def conditions(self) -> tuple[str, dict[str, Any]]:
        """The conditions in SQL, and the values that they need."""
        narrowed = {
            "at >= :since": self.since, "at < :until": self.until, "actor = :actor": self.actor,
            "action IN (SELECT value FROM json_each(:actions))": self.actions,
            "subject >= :about AND subject < :about || char(1114111)": self.about,
            "instr(lower(details), :text)": self.text,
        }  # fmt: skip
        return " AND ".join(condition for condition, value in narrowed.items() if value) or "1", {
            "since": self.since, "until": self.until, "actor": self.actor, "actions": json.dumps(self.actions),
            "about": self.about, "text": self.text.lower(),
        }  # fmt: skip


def page(db: Database, wanted: Wanted, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Up to `limit` events, newest first, of those before a number; `details` as they were given."""
    where, values = wanted.conditions()
    found = rows(
        db,
        f"SELECT * FROM audit {wanted.index} WHERE {where} AND id < :before ORDER BY id DESC LIMIT :limit",
        {**values, "before": before or 2**62, "limit": limit},
    )
    return list(map(_event, found))


def batch(db: Database, wanted: Wanted, between: tuple[int, int], limit: int) -> list[dict[str, Any]]:
    """Up to `limit` events, oldest first, behind the first number and up to the second."""
    where, values = wanted.conditions()
    found = rows(
        db,
        f"SELECT * FROM audit WHERE id > :after AND id <= :last AND {where} ORDER BY id LIMIT :limit",
        {**values, "after": between[0], "last": between[1], "limit": limit},
    )
    return list(map(_event, found))


def after(db: Database, number: int, limit: int) -> list[dict[str, Any]]:
    """The events behind a number, oldest first."""
    return list(map(_event, rows(db, "SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", (number, limit))))


def by_day(db: Database, since: str) -> dict[str, int]:
    """How many events there were on each day (UTC) since a stamp: `2026-03-01`."""
    found = rows(db, "SELECT substr(at, 1, 10) AS day, count(*) AS n FROM audit WHERE at >= ? GROUP BY 1", (since,))
    return {row["day"]: row["n"] for row in found}


def actors(db: Database) -> list[str]:
    """Everybody who did anything, by name; each is found by one look into the index."""
    return [row["actor"] for row in rows(db, _ACTORS)]


_ACTORS = """
WITH RECURSIVE found (actor) AS (
    SELECT min(actor) FROM audit
    UNION ALL SELECT (SELECT min(actor) FROM audit a WHERE a.actor > f.actor) FROM found f WHERE f.actor IS NOT NULL
)
SELECT actor FROM found WHERE actor IS NOT NULL"""


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "details": json.loads(row["details"])}
