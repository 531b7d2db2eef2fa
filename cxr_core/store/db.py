"""Opening the database, and writing to it in one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import IntegrityError
from cxr_core.store.kept_open import Connection, KeptOpen, file_at

FILE = "feedback.db"
BUSY_SECONDS = 30
TRY_SECONDS = 0.05
"""Between two tries to empty the log of what was erased."""
# FULL: a committed read must outlive a power cut, and WAL alone doesn't promise that. Secure: what is deleted is
# overwritten, on whatever system SQLite was built.
_MODES = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
PRAGMA journal_size_limit = 67108864;
"""
PAGES = 1000
"""That are copied between two words on how far a copy is."""
_TURN = RLock()
"""Whose turn it is to write, of this process's threads: SQLite's own waiting looks now and then, ever less often."""
KEPT_OPEN = KeptOpen()
"""Databases that nobody uses at the moment, if this process keeps any."""


@contextmanager
def opened(home: Path) -> Iterator[Database]:
    """The database of `home` for one use, by one thread; closed after it, or kept open for the next (`kept_open`)."""
    connection = KEPT_OPEN.take(home / FILE) or _connected(home)
    try:
        yield connection.db
    except BaseException:
        connection.db.conn.close()
        raise
    KEPT_OPEN.give_back(connection)


@contextmanager
def opened_anew(home: Path) -> Iterator[Database]:
    """The same, by a connection that nobody had before: what it tells comes from the disk."""
    connection = _connected(home)
    with closing(connection.db.conn):
        yield connection.db


def _connected(home: Path) -> Connection:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / FILE
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(_MODES)
    except BaseException:
        connection.close()
        raise
    return Connection(path, file_at(path), Database(connection))


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """All or nothing. The write lock is taken at once, so that two writers queue and never deadlock."""
    with _own_turn():
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.conn.execute("COMMIT")
        except BaseException:
            if db.conn.in_transaction:  # where the disk is full, SQLite has taken it back itself
                db.conn.execute("ROLLBACK")
            raise


@contextmanager
def _own_turn() -> Iterator[None]:
    if not _TURN.acquire(timeout=BUSY_SECONDS):
        raise sqlite3.OperationalError("database is locked")  # as SQLite says it after as long
    try:
        yield
    finally:
        _TURN.release()


def looked_through(db: Database) -> None:
    """Let all that is asked from now on, until the connection is closed, see what is there at this moment.

    Others go on writing. Their log grows meanwhile, since what it holds can't be moved into the database file.
    """
    db.conn.execute("BEGIN")
    db.conn.execute("SELECT count(*) FROM sqlite_master").fetchone()


@contextmanager
def snapshot(db: Database) -> Iterator[None]:
    """Let all that is asked within see one state, whatever others write; the transaction under way, if any, is one."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        db.conn.execute("COMMIT")


def copy(db: Database, path: Path, tell: Callable[[int, int], None] = lambda done, of: None) -> None:
    """Copy the database page by page into a new file, by SQLite's own online backup; `tell` hears pages done, and all.

    It must be `looked_through`: else each write of others would begin it anew. Raises IntegrityError where the copy
    isn't sound.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous = OFF")  # it is synced as a whole when it is kept
        db.conn.backup(target, pages=PAGES, progress=lambda _, left, of: tell(of - left, of))
    with untouched(path) as copied:
        (found,) = copied.conn.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise IntegrityError(f"the database is damaged ({found}): bring it back from a backup")


@contextmanager
def untouched(path: Path) -> Iterator[Database]:
    """A database that nobody writes to, to be looked at: nothing is made beside it."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
        yield Database(connection)


@contextmanager
def within(db: Database) -> Iterator[None]:
    """The transaction that is under way, or else one of its own."""
    if db.conn.in_transaction:
        yield
    else:
        with transaction(db):
            yield


def scrub(db: Database) -> bool:
    """Write the database file anew, so that no page and no log keeps what was deleted; False if it is too busy now.

    Deleted rows are overwritten as they go; what versions before that left in free pages, only this reaches.
    """
    try:
        db.conn.execute("VACUUM")
        return _emptied_in_time(db)
    except sqlite3.OperationalError:  # locked for longer than one waits, or no room for the copy
        return False


def _emptied_in_time(db: Database) -> bool:
    until = time.monotonic() + BUSY_SECONDS
    while not emptied_log(db):
        if time.monotonic() >= until:
            return False
        time.sleep(TRY_SECONDS)
    return True


def emptied_log(db: Database) -> bool:
    """Move what the log holds into the database file, so that nothing deleted is left in it; False if others are at it.

    Whoever reads isn't waited for: nobody could write meanwhile.
    """
    (patience,) = db.conn.execute("PRAGMA busy_timeout").fetchone()
    db.conn.execute("PRAGMA busy_timeout = 0")
    try:
        db.conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # moves the most of it while others write
        busy, _, _ = db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        db.conn.execute(f"PRAGMA busy_timeout = {patience}")
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
