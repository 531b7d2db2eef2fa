"""Every text and every blob of a database is found, whatever its tables are like."""

import sqlite3
from contextlib import closing

import pytest

from cxr_core.store.cells import Cell, cells


def test_texts_and_blobs_are_found_in_tables_of_all_kinds(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as db, db:
        db.executescript(
            """
            CREATE TABLE "a ""quoted"" one" (n INTEGER, t TEXT, b BLOB);
            INSERT INTO "a ""quoted"" one" VALUES (7, 'text', x'00ff'), (8, NULL, NULL);
            CREATE TABLE without (name TEXT PRIMARY KEY) WITHOUT ROWID;
            INSERT INTO without VALUES (CAST(x'ff' AS TEXT));
            """
        )
    assert list(cells(tmp_path / "a.db")) == [
        Cell('a "quoted" one', "t", 1, b"text", True), Cell('a "quoted" one', "b", 1, b"\x00\xff", False),
        Cell("without", "name", None, b"\xff", True),
    ]  # fmt: skip


def test_nothing_is_made_where_there_is_none(tmp_path):
    with pytest.raises(sqlite3.Error):
        list(cells(tmp_path / "gone.db"))
    assert not (tmp_path / "gone.db").exists()
