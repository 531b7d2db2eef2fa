"""The audit chain: who did what, each row sealed by a hash over itself and the row before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import IntegrityError
from cxr_core.store import site
from cxr_core.store.db import one, rows

GENESIS = "0" * 64
HEAD = "audit head"
"""The fact of the site that says where the chain ends, so that a cut end is found."""


def record(db: Database, actor: str, action: str, subject: str, **details: Any) -> None:
    """Add an event; call it inside the transaction that does the thing."""
    last = one(db, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1") or {"id": 0, "hash": GENESIS}
    event = {
        "id": last["id"] + 1, "at": clock.stamp(), "actor": actor, "action": action, "subject": subject,
        "details": json.dumps(details, sort_keys=True),
    }  # fmt: skip
    seal = _seal(last["hash"], event)
    db.table("audit").insert({**event, "hash": seal})
    site.put(db, HEAD, f"{event['id']} {seal}")


def of_kind(db: Database, action: str, subjects: Iterable[str]) -> list[dict[str, Any]]:
    """The events of a kind on any of these subjects, oldest first: `at`, `actor`, `subject`."""
    return rows(
        db,
        "SELECT at, actor, subject FROM audit WHERE action = ? AND subject IN (SELECT value FROM json_each(?)) "
        "ORDER BY id",
        (action, json.dumps(list(subjects))),
    )


def verify(db: Database) -> int:
    """The number of events; raises IntegrityError naming the first row that was changed, cut or swapped."""
    before = GENESIS
    events = rows(db, "SELECT * FROM audit ORDER BY id")
    for number, event in enumerate(events, 1):
        seal = event.pop("hash")
        if event["id"] != number or seal != _seal(before, event):
            raise _broken(number)
        before = seal
    _check_end(db, len(events), before)
    return len(events)


def _check_end(db: Database, number: int, seal: str) -> None:
    written, head = (site.get(db, HEAD) or f"0 {GENESIS}").split()
    if head != seal:
        raise _broken(number if int(written) == number else min(int(written), number) + 1)


def _broken(number: int) -> IntegrityError:
    return IntegrityError(f"audit row {number} is not what was written: the chain is broken there")


def _seal(before: str, event: dict[str, Any]) -> str:
    return hashlib.sha256((before + json.dumps(event, sort_keys=True)).encode()).hexdigest()
