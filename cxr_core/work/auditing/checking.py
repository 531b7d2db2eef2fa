"""The state of the audit chain: where it ends, when it was last checked, and checking it, offline and with old ends."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import IntegrityError
from cxr_core.records import Job, Lane, User
from cxr_core.store import audit, deliveries, jobs, site
from cxr_core.store.audit_chain import Head, parsed
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import OVERSIGHT, open_to

CHECK = "verify audit"
"""The job, and the action that is recorded."""
CHECKED = "audit checked"
"""The fact of the site that says what came of the last check."""


@dataclass(frozen=True)
class Checked:
    """What came of checking the chain."""

    at: str
    head: str
    """Where it ended then."""
    events: int
    problem: str = ""
    """The first row that isn't what was written, in words; empty where all are."""


@dataclass(frozen=True)
class State:
    """The chain as it stands."""

    head: Head
    first: int
    """The number of its first row: above 1 once its beginning was cut off."""
    checked: Checked | None
    checking: Job | None
    """The check that runs or waits."""


@open_to(*OVERSIGHT)
def head(home: Path, user: User) -> Head:
    """Where the chain ends: to be kept where nobody who can write the database can write."""
    with opened(home) as db:
        return audit.head(db)


@open_to(*OVERSIGHT)
def state(home: Path, user: User) -> State:
    """Where the chain ends, and what its last check said."""
    with opened(home) as db:
        said, newest = site.get(db, CHECKED), jobs.newest(db, CHECK)
        checking = newest[0] if newest and newest[0].state.is_open else None
        return State(
            audit.head(db), audit.last_cut(db).number + 1, Checked(**json.loads(said)) if said else None, checking
        )


@open_to(*OVERSIGHT)
def ask(home: Path, user: User) -> int:
    """Have a worker check the chain; the number of the job, which may be one that is open already."""
    with opened(home) as db, transaction(db):
        payload = {"asked_for": "audit"}
        request = jobs.Request(CHECK, Lane.READING, {**payload, "by": user.name}, user.id or None)
        return next(iter(_open(db)), 0) or jobs.ask(db, request)


def _open(db: Database) -> list[int]:
    return [job.id for job in jobs.newest(db, CHECK) if job.state.is_open]


@open_to(*OVERSIGHT)
def verify(home: Path, user: User, heads: Iterable[str]) -> Checked:
    """Check the chain now, also against ends that were kept elsewhere, as `audit head` prints them.

    It writes nothing, so that a copy can be checked. Raises BadInput for what is no head.
    """
    kept = list(map(parsed, heads))
    with opened(home) as db:
        return checked(db, kept)


def checked(db: Database, heads: Iterable[Head] = ()) -> Checked:
    """What checking the chain says."""
    kept = [*map(parsed, deliveries.heads(db)), *heads]
    at, end = clock.stamp(), str(audit.head(db))
    try:
        return Checked(at, end, audit.verify(db, kept))
    except IntegrityError as error:
        return Checked(at, end, 0, str(error))
