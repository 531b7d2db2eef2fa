"""Taking off the beginning of the audit chain, once it has been kept long enough and lies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store import audit
from cxr_core.store.audit_chain import Head
from cxr_core.store.db import each, one, rows


def before(db: Database, moment: str) -> Head:
    """The last row that, with all before it, is older than a stamp; that of the last cut where there is none."""
    start = audit.last_cut(db)
    younger = one(db, "SELECT min(id) AS id FROM audit WHERE at >= ?", (moment,))
    up_to = younger["id"] - 1 if younger and younger["id"] is not None else audit.head(db).number
    found = one(db, "SELECT id, hash FROM audit WHERE id = ?", (up_to,))
    return Head(found["id"], found["hash"]) if found else start


def cuts(db: Database) -> set[int]:
    """The last row of each cut that is on record."""
    return {row["up_to"] for row in rows(db, "SELECT up_to FROM audit_cuts")}


def has(db: Database, end: Head) -> bool:
    """Whether a row is still in the chain, with this seal: then so is what lies before it, but for what was cut off."""
    return one(db, "SELECT 1 FROM audit WHERE id = ? AND hash = ?", (end.number, end.hash)) is not None


def events(db: Database, after: int, up_to: int) -> Iterator[dict[str, Any]]:
    """The rows after a number up to another, oldest first, as they are stored."""
    return each(db, "SELECT * FROM audit WHERE id > ? AND id <= ? ORDER BY id", (after, up_to))


def told(db: Database) -> list[dict[str, Any]]:
    """What the chain's own rows tell of each cut: `file`, and its `folder` where that isn't the home's."""
    return [json.loads(row["details"]) for row in rows(db, "SELECT details FROM audit WHERE action = ?", (audit.CUT,))]


def cut(db: Database, actor: str, up_to: Head, **details: Any) -> int:
    """Remove the rows up to one, on record, within the caller's transaction; returns how many went."""
    row = {"up_to": up_to.number, "hash": up_to.hash, "cut_at": clock.stamp()}
    db.execute("INSERT INTO audit_cuts (up_to, hash, cut_at) VALUES (:up_to, :hash, :cut_at)", row)
    audit.record(db, actor, audit.CUT, str(up_to.number), hash=up_to.hash, **details)
    return db.execute("DELETE FROM audit WHERE id <= ?", (up_to.number,)).rowcount
