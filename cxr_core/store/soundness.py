"""Whether a database is sound, what it holds in numbers, and whether anybody has it open."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from cxr_core.errors import Conflict
from cxr_core.store.db import FILE, count

MOST = 5
"""Faults of a kind that are told."""


def faults(db: Database) -> Iterator[str]:
    """What is wrong with a database, in plain words."""
    try:
        for (found,) in db.conn.execute(f"PRAGMA integrity_check({MOST})").fetchall():
            if found != "ok":
                yield f"the database file isn't sound: {found}"
        for table, row, other, _ in db.conn.execute("PRAGMA foreign_key_check").fetchmany(MOST):
            yield f"row {row} of {table} points to a row of {other} that isn't there"
    except sqlite3.DatabaseError as error:
        yield f"the database file isn't sound: {error}"


def rows_by_table(db: Database) -> dict[str, int]:
    """How many rows each table has, those of SQLite and of the schema's own history set aside."""
    names = [name for name in db.table_names() if not name.startswith(("sqlite_", "_sqlite_"))]
    return {name: count(db, f'SELECT count(*) FROM "{name}"') for name in names}


@contextmanager
def alone(home: Path) -> Iterator[Database]:
    """The database of `home`, whole in its one file, which nobody else can read or write until the block ends.

    Who opens it meanwhile waits. If another file stands in its place by then, SQLite lets that one write no more, since
    the file has moved: so nothing goes into the one that was put aside. Raises Conflict while anybody has it open.
    """
    with closing(sqlite3.connect(home / FILE, timeout=1, isolation_level=None)) as connection:
        try:
            for statement in ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = DELETE", "BEGIN EXCLUSIVE"):
                connection.execute(statement)
        except sqlite3.OperationalError as error:
            raise Conflict(f"the program runs ({error}): stop app, workers and listener first") from error
        yield Database(connection)
