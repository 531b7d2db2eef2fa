"""Updates that are tried on a copy first, and the way back from one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlite_utils import Database

from cxr_core.errors import Conflict, CxrError, NotFound
from cxr_core.records import MEGABYTE, Role, User
from cxr_core.store import audit, copies, listeners, migrations, sessions, soundness, workers
from cxr_core.store.audit_chain import Head
from cxr_core.store.db import FILE, opened, transaction, untouched
from cxr_core.work.guarding import open_to
from cxr_core.work.incoming import spool


@dataclass
class Tried:
    """What an update would do."""

    steps: list[str]
    """Of the schema, in their order."""
    megabytes: int = 0
    seconds: float = 0.0
    """That the steps took on the copy."""
    changed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Tables whose number of rows was another before and after."""
    problems: list[str] = field(default_factory=list)
    """Why it must not be done; empty where it may."""


@dataclass(frozen=True)
class Return:
    """What going back brings, and what it leaves behind."""

    copy: str
    """The database from before the last update that has one."""
    lost: dict[str, int]
    """Rows that were added since, by table; where it was done, they are in `aside`."""
    aside: str | None = None


@open_to(Role.ADMIN)
def try_out(home: Path, user: User) -> Tried:
    """Take the steps that are pending on a copy, check it, and remove it; the database itself stays as it is.

    Raises SchemaError for a newer program's database, OutOfRoom, and NotFound where there is no database.
    """
    if not migrations.has_database(home):
        raise NotFound(f"there is no database in {home.absolute()}: `python -m cxr_core migrate` makes one")
    with opened(home) as db:
        tried = Tried(migrations.pending(db), (home / FILE).stat().st_size // MEGABYTE)
        before = soundness.rows_by_table(db)
        folder = copies.try_on(db, home)
    try:
        _take_steps(folder, before, tried)
    finally:
        copies.drop_trial(home)
    return tried


def _take_steps(folder: Path, before: dict[str, int], tried: Tried) -> None:
    began = time.monotonic()
    try:
        migrations.migrate(folder, keep=False)
    except sqlite3.Error as error:
        with opened(folder) as db:
            tried.problems.append(f"step {migrations.pending(db)[0]} fails: {error}")
        return
    finally:
        tried.seconds = round(time.monotonic() - began, 1)
    with opened(folder) as db:
        after = soundness.rows_by_table(db)
        tried.changed = {name: (n, after[name]) for name, n in before.items() if name in after and after[name] != n}
        tried.problems += [f"table {name} would be gone" for name in before if name not in after]
        tried.problems += _unsound(db)


def _unsound(db: Database) -> Iterator[str]:
    yield from soundness.faults(db)
    try:
        audit.verify(db)
    except CxrError as error:
        yield str(error)


@open_to(Role.ADMIN)
def way_back(home: Path, user: User) -> Return:
    """What `go_back` would bring and lose. Raises NotFound where no copy from before an update is kept."""
    copy = _newest(home)
    with opened(home) as db:
        return _looked_at(db, copy)


@open_to(Role.ADMIN)
def go_back(home: Path, user: User) -> Return:
    """Put the database from before the last update back, for the program from before it; today's stays beside it.

    The copy's log tells it, with the end of today's, and everybody signs in anew. Raises NotFound without a copy, and
    Conflict while something runs, for a copy that isn't sound, or where the spool has what the copy doesn't know.
    """
    copy = _newest(home)
    with migrations.alone(home), soundness.alone(home) as db:
        _require_nobody(db)
        found = _looked_at(db, copy)
        _require_known(home, db, copy)
        try:
            made = _told(home, copy, user, audit.head(db))
            aside = copies.go_back(home, made, f"{copies.AFTER}-{copy.name.rpartition('-')[2]}")
            copy.unlink()
        finally:
            copies.drop_trial(home)
    return Return(**{**asdict(found), "aside": str(aside)})


def _told(home: Path, copy: Path, user: User, head: Head) -> Path:
    """The copy once more, with what is told and done in it before it is the site's."""
    with untouched(copy) as db:
        folder = copies.try_on(db, home)
    with opened(folder) as db, transaction(db):
        sessions.end_every(db)  # else one that has been ended since would be open again
        audit.record(db, user.name, "go back", copy.name, head=str(head))
    return folder / FILE


def _newest(home: Path) -> Path:
    if kept := copies.kept(home):
        return kept[0]
    raise NotFound(
        f"no copy from before an update is kept: it goes after {copies.DAYS} days, and when X-rays go; "
        "bring a backup back instead"
    )


def _looked_at(db: Database, copy: Path) -> Return:
    """Raises Conflict for a copy that isn't sound."""
    now = soundness.rows_by_table(db)
    with untouched(copy) as before:
        if faults := list(soundness.faults(before)):
            raise Conflict(f"{copy.name}: {faults[0]}; bring a backup back instead")
        then = soundness.rows_by_table(before)
    return Return(str(copy), {name: n - then.get(name, 0) for name, n in now.items() if n > then.get(name, 0)})


def _require_nobody(db: Database) -> None:
    """Raises Conflict while workers or a listener say that they live."""
    if workers.living(db) or listeners.living(db):
        raise Conflict("the program runs: stop app, workers and listener first")


def _require_known(home: Path, db: Database, copy: Path) -> None:
    """Raises Conflict where files wait that the copy doesn't know: the program from before would sweep them away."""
    with untouched(copy) as before:
        known = spool.wanted(before) if before.table("quarantine").exists() else set()
    if unknown := [token for token in spool.wanted(db) - known if (spool.folder(home) / token).exists()]:
        raise Conflict(
            f"{len(unknown)} files in the spool came after the update, and {copy.name} doesn't know them: let the "
            "worker take in what waits, decide on what is held back, and then go back"
        )
