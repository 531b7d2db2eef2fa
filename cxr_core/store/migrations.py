"""The schema, as steps that are never edited once released. One place migrates; all others only check."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database, Migrations

from cxr_core.errors import SchemaError
from cxr_core.store.db import opened

migrations = Migrations("cxr")


def migrate(home: Path) -> list[str]:
    """Bring the database of `home` to this program's schema; returns the names of the steps taken.

    Several processes may call it at once: they queue. Raises SchemaError for a newer program's database.
    """
    with _alone(home), opened(home) as db:
        _refuse_newer(db)
        pending = [step.name for step in migrations.pending(db)]
        migrations.apply(db)
    return pending


def check(home: Path) -> None:
    """Raises SchemaError unless the database of `home` has exactly this program's schema."""
    with opened(home) as db:
        if pending := [step.name for step in migrations.pending(db)]:
            raise SchemaError(f"the database lacks {', '.join(pending)}: run `python -m cxr_core migrate`")
        _refuse_newer(db)


def _refuse_newer(db: Database) -> None:
    known = {step.name for step in migrations._migrations}
    if unknown := [step.name for step in migrations.applied(db) if step.name not in known]:
        raise SchemaError(f"the database was written by a newer version ({unknown[-1]}): update the program")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process at a time: of several that migrate at once, SQLite would fail all but one."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "migrating.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@migrations()
def m001_initial(db: Database) -> None:
    """People, jobs, images, predictions, reads, models, training sets, and the audit chain."""
    db.executescript((Path(__file__).parent / "m001_initial.sql").read_text(encoding="utf-8"))
