"""Copies of the database beside it: from before an update, so that there is a way back; and one to try an update on.

They hold all that the database held, so they go when a patient is erased or X-rays go by their age, and when they
are old.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sqlite_utils import Database

from cxr_core.errors import OutOfRoom
from cxr_core.records import MEGABYTE
from cxr_core.store.db import FILE, copy, looked_through
from cxr_core.store.files import is_older_than, sync

BEFORE, AFTER, TRYING = "before", "after", "trying"
DAYS = 30
"""That a copy is kept: later, what was read since would be lost by going back, and a backup serves better."""


def keep(db: Database, home: Path, name: str) -> Path:
    """Copy the database, while others go on, to a file beside it; whole and synced, or not there.

    Raises OutOfRoom, and IntegrityError for a database that isn't sound.
    """
    path = place(home, name)
    _require_room(home)
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        write(db, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync(home)
    return path


def place(home: Path, name: str) -> Path:
    """Where a copy of this name lies."""
    return home / f"{FILE}.{name}"


def write(db: Database, path: Path) -> None:
    """Copy the database to a new file as it is now, and sync it. Raises IntegrityError for an unsound one."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    looked_through(db)
    try:
        copy(db, path)
    finally:
        db.conn.execute("COMMIT")
    sync(path)


def try_on(db: Database, home: Path) -> Path:
    """A folder with a copy of the database alone; the caller drops it by `drop_trial`. Raises as `keep`."""
    _require_room(home)
    drop_trial(home)
    folder = home / TRYING
    folder.mkdir(mode=0o700)
    try:
        write(db, folder / FILE)
    except BaseException:
        drop_trial(home)
        raise
    return folder


def drop_trial(home: Path) -> None:
    """Remove what an update was tried on."""
    shutil.rmtree(home / TRYING, ignore_errors=True)


def kept(home: Path) -> list[Path]:
    """The copies from before an update, newest first."""
    found = [path for path in _all(home) if path.name.startswith(f"{FILE}.{BEFORE}-") and path.suffix != ".partial"]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def drop(home: Path) -> None:
    """Remove every copy: they have what is to be gone."""
    for path in _all(home):
        path.unlink(missing_ok=True)
    drop_trial(home)


def drop_old(home: Path) -> None:
    """Remove copies that are older than DAYS."""
    for path in _all(home):
        if is_older_than(path, DAYS * 24 * 3600):
            path.unlink(missing_ok=True)


def go_back(home: Path, made: Path, aside: str) -> Path:
    """Put `made` in the place of the database, which stays beside it as `aside`; at no moment there is none.

    The caller has the database alone.
    """
    live, other = home / FILE, place(home, aside)
    other.unlink(missing_ok=True)
    os.link(live, other)
    sync(made)
    made.replace(live)
    sync(home)
    return other


def _all(home: Path) -> list[Path]:
    return [path for kind in (BEFORE, AFTER) for path in home.glob(f"{FILE}.{kind}-*")]


def _require_room(home: Path) -> None:
    needed, free = (home / FILE).stat().st_size, shutil.disk_usage(home).free
    if free < 2 * needed:
        raise OutOfRoom(f"a copy of the database needs {2 * needed // MEGABYTE} MB, {free // MEGABYTE} MB are free")
