"""When the last backup was made, and whether it worked: for screens, metrics and whoever is on duty."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from sqlite3 import Error

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import User
from cxr_core.store import site
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import OVERSIGHT, open_to

FACT = "last backup"
"""The fact of the site that tells of it."""


@dataclass(frozen=True)
class LastBackup:
    """What became of the backups so far."""

    made_at: str | None = None
    """When the last one that is whole was made; None where there never was one."""
    folder: str = ""
    failed_at: str | None = None
    """When one failed since."""
    why: str = ""


@open_to(*OVERSIGHT)
def told(home: Path, user: User) -> LastBackup:
    """When the last backup was made, and whether one failed since."""
    with opened(home) as db:
        return read(db)


def read(db: Database) -> LastBackup:
    """The same, for what has the database at hand."""
    found = site.get(db, FACT)
    return LastBackup(**json.loads(found)) if found else LastBackup()


def note_made(db: Database, made_at: str, folder: Path) -> None:
    """Write down that a backup is whole, within the caller's transaction."""
    site.put(db, FACT, json.dumps(asdict(LastBackup(made_at, str(folder.absolute())))))


def note_failed(home: Path, why: str) -> None:
    """Write down that one failed, unless not even that can be written: whoever asked for it hears of it anyway."""
    with suppress(Error, OSError), opened(home) as db, transaction(db):
        site.put(db, FACT, json.dumps(asdict(replace(read(db), failed_at=clock.stamp(), why=why))))
