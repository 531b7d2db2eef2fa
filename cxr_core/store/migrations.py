"""The schema, as steps that are never edited once released. One place migrates; all others only check."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from cxr_core.errors import SchemaError, SettingsError
from cxr_core.store import copies
from cxr_core.store.db import FILE, opened

migrations = Migrations("cxr")


def migrate(home: Path, keep: bool = True) -> list[str]:
    """Bring the database of `home` to this program's schema; returns the names of the steps taken.

    A database that there was is copied first (`keep`), so that there is a way back. Several processes may call it at
    once: they queue. Raises SchemaError for a newer program's database, and OutOfRoom where there is none for the copy.
    """
    with alone(home), opened(home) as db:
        refuse_newer(steps(db))
        taken = pending(db)
        if keep and taken and migrations.applied(db):
            copies.keep(db, home, f"{copies.BEFORE}-{taken[0].partition('_')[0]}")
        migrations.apply(db)
    return taken


def check(home: Path) -> None:
    """Raises SchemaError unless `home` has a database of exactly this program's schema, and makes nothing itself.

    Raises SettingsError where it can't be written.
    """
    if not has_database(home):
        raise SchemaError(
            f"there is no database in {home.absolute()}: set CXR_HOME to the right folder, or run "
            "`python -m cxr_core migrate`"
        )
    if not os.access(home, os.W_OK):
        raise unwritable(home, "permission denied, or read-only")
    with opened(home) as db:
        if lacking := pending(db):
            raise SchemaError(f"the database lacks {', '.join(lacking)}: run `python -m cxr_core migrate`")
        refuse_newer(steps(db))


def has_database(home: Path) -> bool:
    """Whether there is a database in `home`. Raises SettingsError for a folder that can't be looked into."""
    try:
        (home / FILE).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unwritable(home, str(error.strerror)) from error
    return True


def unwritable(home: Path, why: str) -> SettingsError:
    """The refusal of a folder that can't be used as the home, with the remedy."""
    return SettingsError(
        f"{home.absolute()} can't be written ({why}): give that folder to the user who runs this, "
        "or set CXR_HOME to another"
    )


def steps(db: Database) -> list[str]:
    """The names of the steps that a database has taken."""
    return [step.name for step in migrations.applied(db)]


def pending(db: Database) -> list[str]:
    """The names of the steps that a database is still to take."""
    return [step.name for step in migrations.pending(db)]


def refuse_newer(taken: Sequence[str]) -> None:
    """Raises SchemaError for the steps of a database that a newer program has written."""
    known = {step.name for step in migrations._migrations}
    if unknown := [name for name in taken if name not in known]:
        raise SchemaError(f"the database was written by a newer version ({unknown[-1]}): update the program")


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One process at a time: of several that migrate at once, SQLite would fail all but one."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "migrating.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@migrations()
def m001_initial(db: Database) -> None:
    """People, jobs, images, predictions, reads, models, training sets, and the audit chain."""
    _run(db, "m001_initial.sql")


@migrations()
def m002_find_quickly(db: Database) -> None:
    """The newest read of each image beside it, and the indexes that keep screens quick after years of work."""
    _run(db, "m002_find_quickly.sql")


@migrations()
def m003_honest_answers(db: Database) -> None:
    """Why a heatmap is hidden, and what was put right in an image before the model looked."""
    _run(db, "m003_honest_answers.sql")


@migrations()
def m004_regions(db: Database) -> None:
    """Boxes and ellipses that a reader drew on what is wrong or missed."""
    _run(db, "m004_regions.sql")


@migrations()
def m005_reading_room(db: Database) -> None:
    """How lists are read, what each reader had seen, and who has which case open."""
    _run(db, "m005_reading_room.sql")


@migrations()
def m006_controlled_change(db: Database) -> None:
    """Plans, what each training set took from the site, looks at the locked set, shadows, stops, and tombstones."""
    _run(db, "m006_controlled_change.sql")


@migrations()
def m007_drift(db: Database) -> None:
    """Counts of days, references, alarms and the messages that tell them; what headers say of machine and exposure."""
    _run(db, "m007_drift.sql")


@migrations()
def m008_hospital(db: Database) -> None:
    """Who may send over the network, what came with its sealed envelope, where answers go, and what became of each."""
    _run(db, "m008_hospital.sql")


@migrations()
def m009_mending(db: Database) -> None:
    """What a pull has fetched and what it leaves alone; what made an answer, and which it takes the place of."""
    _run(db, "m009_mending.sql")


@migrations()
def m010_accounts(db: Database) -> None:
    """Roles for auditors and PACS administrators, accounts that end, attempts to guess, and the audit chain's cuts."""
    _run(db, "m010_accounts.sql")


@migrations()
def m011_keeping(db: Database) -> None:
    """Which tombstones stand for what went by its age."""
    _run(db, "m011_keeping.sql")


@migrations()
def m012_anchors(db: Database) -> None:
    """Where the audit chain ended when a report was made, which the report tells."""
    _run(db, "m012_anchors.sql")


def _run(db: Database, name: str) -> None:
    db.executescript((Path(__file__).parent / name).read_text(encoding="utf-8"))
