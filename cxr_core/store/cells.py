"""Every cell of an SQLite file that holds text or bytes, whatever its tables are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MARK = b"SQLite format 3\0"
"""How an SQLite file begins."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and where it stands."""

    table: str
    column: str
    row: int | None
    """Its rowid; None in a table that has none."""
    value: bytes
    text: bool


def cells(path: Path) -> Iterator[Cell]:
    """The cells of the file's tables. Raises sqlite3.Error where it can't be read as a database."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        connection.text_factory = bytearray  # so that text is told from bytes, and need not be valid
        names = connection.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'").fetchall()
        for name, root in names:
            if root:  # a virtual table keeps what it has in others
                yield from _of_table(connection, name.decode())


def _of_table(connection: sqlite3.Connection, table: str) -> Iterator[Cell]:
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        found = connection.execute(f"SELECT rowid, * FROM {quoted}")
    except sqlite3.OperationalError:
        found = connection.execute(f"SELECT NULL, * FROM {quoted}")
    columns = [column[0] for column in found.description][1:]
    for row, *values in found:
        for column, value in zip(columns, values, strict=True):
            if isinstance(value, bytes | bytearray):
                yield Cell(table, column, row, bytes(value), isinstance(value, bytearray))
