"""The audit chain: who did what, each row sealed by a hash over itself and the row before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import IntegrityError
from cxr_core.store import site
from cxr_core.store.audit_chain import GENESIS, Head, broken, follow, parsed, seal
from cxr_core.store.db import each, one, rows, snapshot

HEAD = "audit head"
"""The fact of the site that says where the chain ends, so that a cut end is found."""
CUT = "cut audit"
"""The action of the row that says up to where the chain's beginning went, and by which hash."""


def record(db: Database, actor: str, action: str, subject: str, **details: Any) -> None:
    """Add an event; call it inside the transaction that does the thing."""
    last = db.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone() or (0, GENESIS)
    event = {
        "id": last[0] + 1, "at": clock.stamp(), "actor": actor, "action": action, "subject": subject,
        "details": json.dumps(details, sort_keys=True),
    }  # fmt: skip
    sealed = {**event, "hash": seal(last[1], event)}
    db.execute(
        "INSERT INTO audit (id, at, actor, action, subject, details, hash) "
        "VALUES (:id, :at, :actor, :action, :subject, :details, :hash)",
        sealed,
    )
    site.put(db, HEAD, f"{sealed['id']} {sealed['hash']}")


def head(db: Database) -> Head:
    """Where the chain ends now."""
    last = one(db, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    return Head(last["id"], last["hash"]) if last else Head(0, GENESIS)


def newest(db: Database) -> tuple[str, str]:
    """Action and subject of the last event; empty where there is none."""
    last = one(db, "SELECT action, subject FROM audit ORDER BY id DESC LIMIT 1")
    return (last["action"], last["subject"]) if last else ("", "")


def written_head(db: Database) -> Head:
    """Where the site says that its chain ends."""
    return parsed(site.get(db, HEAD) or f"0 {GENESIS}")


def of_kind(db: Database, action: str, subjects: Iterable[str]) -> list[dict[str, Any]]:
    """The events of a kind on any of these subjects, oldest first: `at`, `actor`, `subject`."""
    return rows(
        db,
        "SELECT at, actor, subject FROM audit WHERE action = ? AND subject IN (SELECT value FROM json_each(?)) "
        "ORDER BY id",
        (action, json.dumps(list(subjects))),
    )


def done_since(db: Database, actor: str, action: str, subject: str, since: str) -> bool:
    """Whether somebody did this with a subject since a stamp."""
    found = db.execute(
        "SELECT 1 FROM audit INDEXED BY audit_by_subject WHERE subject = ? AND actor = ? AND action = ? AND at >= ? "
        "ORDER BY id DESC LIMIT 1",
        (subject, actor, action, since),
    )
    return found.fetchone() is not None


def verify(db: Database, heads: Iterable[Head] = ()) -> int:
    """The number of events; raises IntegrityError naming the first row that was changed, removed, inserted or swapped.

    `heads` are earlier ends that were kept elsewhere. Whoever writes the database file can also seal every row anew:
    only these tell then. One of a row that was cut off is refused: the row is in a file. What others write meanwhile
    isn't looked at.
    """
    with snapshot(db):
        start = last_cut(db)
        _check_cut(db, start)
        heads = list(heads)
        _require_here(heads, start)
        events = each(db, "SELECT * FROM audit WHERE id > ? ORDER BY id", (start.number,))
        found = follow(events, start, {head.number: head for head in heads})
        _check_end(found, written_head(db))
    return found.number - start.number


def last_cut(db: Database) -> Head:
    """The last row that was taken off at the beginning, on record; number 0 where none was."""
    found = one(db, "SELECT up_to, hash FROM audit_cuts ORDER BY up_to DESC LIMIT 1")
    return Head(found["up_to"], found["hash"]) if found else Head(0, GENESIS)


def _check_cut(db: Database, start: Head) -> None:
    """A beginning that is gone must be told of by a row of the chain itself; else somebody took it off."""
    if start.number == 0:
        return
    left = one(db, "SELECT min(id) AS id FROM audit WHERE id <= ?", (start.number,))
    if left and left["id"] is not None:
        raise broken(left["id"])
    told = one(db, "SELECT details FROM audit WHERE action = ? AND subject = ?", (CUT, str(start.number)))
    if told is None or json.loads(told["details"]).get("hash") != start.hash:
        raise IntegrityError(
            f"audit row {start.number} and those before it are gone, and the chain has no row that tells of a cut there"
        )


def _require_here(heads: list[Head], start: Head) -> None:
    for head in heads:
        if head.number <= start.number:
            raise IntegrityError(
                f"audit row {head.number} was cut off: its hash is to be looked for in the file with it"
            )


def _check_end(found: Head, written: Head) -> None:
    if found != written:
        raise broken(found.number if written.number == found.number else min(written.number, found.number) + 1)
