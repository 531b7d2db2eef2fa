"""Homes that are backed up, and what there is in them to be compared."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace

from cxr_core.store.db import FILE
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.keeping import backing_up, restoring
from cxr_core.work.verifying import verify

COMMENT = "CANARY-behind-the-heart"
"""Of the read."""


def quietly(progress):
    """Nobody listens to how far it is."""


def back_up(settings, folder, keep=None, tell=quietly):
    return backing_up.back_up(settings, COMMAND_LINE, folder, keep, tell)


def restore(settings, folder, home, name=None, tell=quietly):
    """The home brought back at another place; its settings."""
    other = replace(settings, home=home)
    found = restoring.restore(other, COMMAND_LINE, folder, name, tell)
    assert found.verified["problems"] == []
    return other


def rows_of(settings, without=0):
    """A hash of all rows of each table, but for the last events of the audit chain and facts of the site."""
    found = {}
    with closing(sqlite3.connect(settings.home / FILE)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
            rows = [row for row in db.execute(f"SELECT * FROM {table} ORDER BY 1, 2") if table != "site"]
            if table == "audit":
                rows = rows[: len(rows) - without]
            found[table] = len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def files_of(folder, but=()):
    """A hash of each file in a folder, by its place."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in but
    }


def stored(settings):
    """The files of a home that a backup has, besides the database."""
    mine = files_of(settings.home, {"pictures", "checkpoints", "migrating.lock", "cutting.lock"})
    return {place: sha256 for place, sha256 in mine.items() if not place.startswith(FILE)}


def is_whole(settings):
    return verify(settings.home, COMMAND_LINE)["problems"] == []
