"""Opening the database, and writing to it in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

FILE = "feedback.db"
BUSY_SECONDS = 30


@contextmanager
def opened(home: Path) -> Iterator[Database]:
    """The database of `home`, opened for one use and closed after it (opening costs 0.1 ms)."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(home / FILE, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # FULL: a committed read must outlive a power cut, and WAL alone doesn't promise that. Secure: what is deleted
        # is overwritten, on whatever system SQLite was built.
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
        )
        yield Database(connection)
    finally:
        connection.close()


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All or nothing. The write lock is taken at once, so that two writers queue and never deadlock."""
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.conn.execute("ROLLBACK")
        raise
    db.conn.execute("COMMIT")


def scrub(db: Database) -> bool:
    """Write the database file anew, so that no page and no log keeps what was deleted; False if it is too busy now.

    Deleted rows are overwritten as they go; what versions before that left in free pages, only this reaches.
    """
    try:
        db.conn.execute("VACUUM")
        busy, _, _ = db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # locked for longer than one waits, or no room for the copy
        return False
    return not busy


def insert(db: Database, table: str, row: dict[str, Any]) -> int:
    """Add a row to a table that numbers its rows, and return its number."""
    return int(str(db.table(table).insert(row, pk="id").last_pk))


def rows(db: Database, sql: str, values: Any = ()) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    return list(each(db, sql, values))


def each(db: Database, sql: str, values: Any = ()) -> Iterator[dict[str, Any]]:
    """The rows of a query as dictionaries, one after the other: for more than should be held at once."""
    cursor = db.conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def one(db: Database, sql: str, values: Any = ()) -> dict[str, Any] | None:
    """The first row of a query as a dictionary, or None."""
    found = rows(db, sql, values)
    return found[0] if found else None


def count(db: Database, sql: str, values: Any = ()) -> int:
    """The single number that a query gives."""
    return int(db.conn.execute(sql, values).fetchone()[0])
