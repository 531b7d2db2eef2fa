"""The state of the audit chain: where it ends, when it was last checked, and checking it, offline and with old ends."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, CxrError, IntegrityError
from cxr_core.records import Job, Lane, User
from cxr_core.store import audit, deliveries, jobs, site
from cxr_core.store.audit_chain import Head, by_number, parsed
from cxr_core.store.db import opened, snapshot, transaction
from cxr_core.work.auditing import cut_files
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
    """The first row that isn't what was written, and what is wrong with files, a line each; empty where nothing is."""
    unchecked: str = ""
    """What was cut off into files that lie elsewhere and aren't at hand, a line each."""


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
def verify(home: Path, user: User, heads: Iterable[str], folders: Iterable[Path] = ()) -> Checked:
    """Check the chain now, also against ends that were kept elsewhere, as `audit head` prints them.

    `folders` have files of what was cut off, besides the home's own. It writes nothing, so that a copy can be checked.
    Raises BadInput for what is no head, or no folder.
    """
    by_hand, places = list(map(parsed, heads)), list(folders)
    for place in places:
        if not place.is_dir():
            raise BadInput(f"{place} is no folder: name the one with the files that were cut off")
    with opened(home) as db:
        return checked(db, home, by_hand, places)


def checked(db: Database, home: Path, by_hand: Collection[Head] = (), folders: Collection[Path] = ()) -> Checked:
    """What checking the chain and the files of what was cut off says, beside the ends that reports have told.

    An end that lies before a cut is looked for in its file. Where that isn't at hand, this is a problem for an end that
    is given `by_hand`; for those of reports it is said.
    """
    with snapshot(db):
        at, end, start = clock.stamp(), str(audit.head(db)), audit.last_cut(db)
        try:
            kept = by_number([*map(parsed, deliveries.heads(db)), *by_hand])
        except CxrError as error:
            return Checked(at, end, 0, str(error))
        events, problems = _followed(db, [head for number, head in kept.items() if number > start.number])
    # What is cut off from now on was in the log just now, and is in a file by then.
    found = cut_files.look(db, cut_files.Looked(home, kept, by_hand, folders))
    return Checked(at, end, events, "\n".join(problems + found.problems), "\n".join(found.unchecked))


def _followed(db: Database, heads: list[Head]) -> tuple[int, list[str]]:
    try:
        return audit.verify(db, heads), []
    except IntegrityError as error:
        return 0, [str(error)]
