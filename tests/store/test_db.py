"""Transactions: all or nothing, and writers queue."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from cxr_core.store import db as db_module
from cxr_core.store import migrations, site
from cxr_core.store.db import FILE, count, emptied_log, looked_through, one, opened, rows, scrub, transaction
from tests.processes import wait_until
from tests.store.rows import at_once

ROUNDS = 25


def add_many(number, home):
    """Read, add one, write back: lost updates would show."""
    for _ in range(ROUNDS):
        with opened(home) as db, transaction(db):
            site.put(db, "counter", str(int(site.get(db, "counter") or 0) + 1))


def write(home, name):
    with opened(home) as db, transaction(db):
        site.put(db, name, "1")


def test_a_transaction_that_fails_leaves_nothing(db):
    with pytest.raises(RuntimeError), transaction(db):
        site.put(db, "half", "1")
        raise RuntimeError
    assert site.get(db, "half") is None


def test_writers_queue_and_no_update_is_lost(home):
    assert at_once(add_many, 4, home) == [None] * 4
    with opened(home) as db:
        assert site.get(db, "counter") == str(4 * ROUNDS)


def test_rows_come_as_dictionaries(db):
    site.put(db, "a", "1")
    site.put(db, "b", "2")
    assert rows(db, "SELECT name, value FROM site ORDER BY name") == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": "2"},
    ]
    assert one(db, "SELECT value FROM site WHERE name = ?", ("c",)) is None
    assert count(db, "SELECT count(*) FROM site") == 2


def test_a_fact_of_the_site_can_be_replaced(db):
    site.put(db, "name", "old")
    site.put(db, "name", "new")
    assert site.get(db, "name") == "new"


def test_a_new_home_is_closed_to_others(home):
    assert home.stat().st_mode & 0o777 == 0o700


def test_writers_of_one_process_take_turns_and_no_update_is_lost(home):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: add_many(number, home), range(8)))
    with opened(home) as db:
        assert site.get(db, "counter") == str(8 * ROUNDS)


def test_within_a_transaction_another_home_can_be_written_to(home, tmp_path):
    migrations.migrate(tmp_path / "other")
    with opened(home) as db, opened(tmp_path / "other") as other:
        with transaction(db), transaction(other):
            site.put(db, "name", "this")
            site.put(other, "name", "other")
        assert (site.get(db, "name"), site.get(other, "name")) == ("this", "other")


def test_a_writer_who_gets_no_turn_is_told_so_after_a_while(home, monkeypatch):
    monkeypatch.setattr(db_module, "BUSY_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as other, opened(home) as db:
        with transaction(db), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.submit(write, home, "name").result()
        other.submit(write, home, "later").result()
        assert (site.get(db, "name"), site.get(db, "later")) == (None, "1")


def test_a_full_disk_is_called_so_and_nothing_is_left(home):
    with opened(home) as db:
        (pages,) = db.conn.execute("PRAGMA page_count").fetchone()
        db.conn.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"), transaction(db):
            for number in range(1000):
                site.put(db, f"name {number}", "x" * 5000)
        assert not db.conn.in_transaction
        assert count(db, "SELECT count(*) FROM site WHERE name LIKE 'name %'") == 0
        with transaction(db):
            site.put(db, "small", "1")


def test_an_emptied_log_holds_nothing(home):
    with opened(home) as db:
        with transaction(db):
            site.put(db, "name", "deleted")
        assert (home / f"{FILE}-wal").stat().st_size > 0
        assert emptied_log(db)
        assert (home / f"{FILE}-wal").stat().st_size == 0


@pytest.mark.parametrize("emptied", [emptied_log, scrub])
def test_nobody_who_writes_waits_while_somebody_reads_and_the_log_is_to_be_emptied(home, monkeypatch, emptied):
    with opened(home) as reader, opened(home) as db, ThreadPoolExecutor(1) as other:
        looked_through(reader)
        write(home, "later")
        monkeypatch.setattr(db_module, "BUSY_SECONDS", 1)  # for `scrub` to give up after; what is open waits 30
        found = other.submit(emptied, db)
        with closing(sqlite3.connect(home / FILE, timeout=10, isolation_level=None)) as writer:
            while not found.done():
                writer.execute("INSERT OR REPLACE INTO site VALUES ('name', 'value')")
        assert found.result() is False
        assert db.conn.execute("PRAGMA busy_timeout").fetchone() == (30_000,)


def test_what_was_erased_leaves_the_log_once_whoever_reads_is_done(home):
    log = home / f"{FILE}-wal"
    with opened(home) as reader, opened(home) as db, ThreadPoolExecutor(1) as other:
        looked_through(reader)
        write(home, "later")
        before = log.stat().st_size
        found = other.submit(scrub, db)
        wait_until(lambda: log.stat().st_size > before)  # the file is written anew, and the reader still there
        reader.conn.execute("ROLLBACK")
        assert found.result() is True
        assert log.stat().st_size == 0
