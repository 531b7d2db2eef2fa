"""Looking through the audit log, and taking it away as a file: both are rows of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.records import User
from cxr_core.store import audit, audit_search
from cxr_core.store.audit_search import Wanted
from cxr_core.store.db import opened, transaction
from cxr_core.work.csv_text import as_csv
from cxr_core.work.guarding import OVERSIGHT, open_to

LOOKED = "look into audit"
EXPORTED = "export audit"
LOG = "audit log"
"""What the two are about."""
ONE_LOOK_MINUTES = 10
"""Within which a user who looks again is still looking."""
COLUMNS = ("id", "at", "actor", "action", "subject", "details", "hash")
AT_ONCE = 1000
"""Rows that an export holds at a time."""


@open_to(*OVERSIGHT)
def page(home: Path, user: User, wanted: Wanted, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Up to `limit` events, newest first, of those before a row's number."""
    with opened(home) as db:
        if not audit.done_since(db, user.name, LOOKED, LOG, clock.ago(minutes=ONE_LOOK_MINUTES)):
            with transaction(db):
                audit.record(db, user.name, LOOKED, LOG)
        return audit_search.page(db, wanted, limit, before)


@open_to(*OVERSIGHT)
def actors(home: Path, user: User) -> list[str]:
    """Everybody who stands in the log, by name."""
    with opened(home) as db:
        return audit_search.actors(db)


@open_to(*OVERSIGHT)
def by_day(home: Path, user: User, days: int) -> dict[str, int]:
    """How many events there were on each of the last days that had any."""
    with opened(home) as db:
        return audit_search.by_day(db, clock.ago(days=days))


@open_to(*OVERSIGHT)
def export_csv(home: Path, user: User, wanted: Wanted) -> Iterator[str]:
    """The events as CSV, oldest first, in pieces; that they are taken is on record before the first piece.

    Text that a spreadsheet would run as a formula is made harmless.
    """
    with opened(home) as db, transaction(db):
        audit.record(db, user.name, EXPORTED, LOG, filters=_said(wanted))
        last = audit.head(db).number
    return _pieces(home, wanted, last)


def _pieces(home: Path, wanted: Wanted, last: int) -> Iterator[str]:
    """A read transaction a piece: a slow browser must not keep the database's log from being written back."""
    number, heading = 0, True
    while True:
        with opened(home) as db:
            found = audit_search.batch(db, wanted, (number, last), AT_ONCE)
        text = as_csv(COLUMNS, map(_cells, found))
        yield text if heading else text.partition("\r\n")[2]
        if len(found) < AT_ONCE:
            return
        number, heading = found[-1]["id"], False


def _cells(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "details": json.dumps(event["details"], sort_keys=True)}


def _said(wanted: Wanted) -> list[str]:
    """By what was narrowed, not to what: people may type a name."""
    return sorted(name for name, value in vars(wanted).items() if value)
