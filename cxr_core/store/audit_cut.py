"""Taking off the beginning of the audit chain, once it has been kept long enough and lies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store import audit
from cxr_core.store.audit_chain import GENESIS, Head
from cxr_core.store.db import each, one, rows


def before(db: Database, moment: str) -> Head:
    """The last row that, with all before it, is older than a stamp; that of the last cut where there is none."""
    start = audit.last_cut(db)
    younger = one(db, "SELECT min(id) AS id FROM audit WHERE at >= ?", (moment,))
    up_to = younger["id"] - 1 if younger and younger["id"] is not None else audit.head(db).number
    found = one(db, "SELECT id, hash FROM audit WHERE id = ?", (up_to,))
    return Head(found["id"], found["hash"]) if found else start


@dataclass(frozen=True)
class Cut:
    """A cut that is on record: after which row it began, and its last row."""

    start: Head
    end: Head
    at: str


def cuts(db: Database) -> list[Cut]:
    """All of them, oldest first."""
    found = rows(db, "SELECT up_to, hash, cut_at FROM audit_cuts ORDER BY up_to")
    ends = [Head(0, GENESIS), *(Head(row["up_to"], row["hash"]) for row in found)]
    return [Cut(start, end, row["cut_at"]) for (start, end), row in zip(pairwise(ends), found, strict=True)]


def has(db: Database, end: Head) -> bool:
    """Whether a row is still in the chain, with this seal: then so is what lies before it, but for what was cut off."""
    return one(db, "SELECT 1 FROM audit WHERE id = ? AND hash = ?", (end.number, end.hash)) is not None


def events(db: Database, after: int, up_to: int) -> Iterator[dict[str, Any]]:
    """The rows after a number up to another, oldest first, as they are stored."""
    return each(db, "SELECT * FROM audit WHERE id > ? AND id <= ? ORDER BY id", (after, up_to))


def told(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What rows tell of cuts, by the last row of each: when, `file`, and its `folder` where that isn't the home's."""
    return {
        event["subject"]: {**json.loads(event["details"]), "at": event["at"]}
        for event in events
        if event["action"] == audit.CUT
    }


def telling(db: Database) -> list[dict[str, Any]]:
    """The rows of the log that tell of cuts; later cuts have taken off the older of them."""
    return rows(db, "SELECT * FROM audit WHERE action = ?", (audit.CUT,))


def cut(db: Database, actor: str, up_to: Head, **details: Any) -> int:
    """Remove the rows up to one, on record, within the caller's transaction; returns how many went."""
    row = {"up_to": up_to.number, "hash": up_to.hash, "cut_at": clock.stamp()}
    db.execute("INSERT INTO audit_cuts (up_to, hash, cut_at) VALUES (:up_to, :hash, :cut_at)", row)
    audit.record(db, actor, audit.CUT, str(up_to.number), hash=up_to.hash, **details)
    return db.execute("DELETE FROM audit WHERE id <= ?", (up_to.number,)).rowcount
