"""Connections that stay open between uses: one user at a time, and always of the file that lies there now."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cxr_core.store import site
from cxr_core.store.db import FILE, KEPT_OPEN, opened, transaction


@pytest.fixture
def keeping(home):
    """This process keeps two."""
    KEPT_OPEN.keep(2)
    yield
    KEPT_OPEN.keep(0)


def used(home):
    """The connection that is used now, which is given back."""
    with opened(home) as db:
        return db.conn


def is_closed(connection):
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_none_is_kept_unless_this_process_says_so(home):
    assert is_closed(used(home))


def test_the_next_use_has_the_same_one(home, keeping):
    assert used(home) is used(home)


def test_a_use_within_another_has_one_of_its_own(home, keeping):
    with opened(home) as outer, transaction(outer):
        site.put(outer, "name", "not committed")
        with opened(home) as inner:
            assert inner.conn is not outer.conn
            assert site.get(inner, "name") is None


def test_threads_never_share_one(home, keeping):
    together = Barrier(8)

    def use(_):
        with opened(home) as db:
            together.wait(10)
            return db.conn

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(use, range(8)))
    assert len(set(found)) == 8
    assert sum(not is_closed(each) for each in found) == 2


def test_a_file_that_took_the_place_of_another_is_opened_anew(home, keeping, tmp_path):
    with opened(home) as db, transaction(db):
        site.put(db, "name", "old")
    shutil.copytree(home, tmp_path / "copy")
    with opened(tmp_path / "copy") as db, transaction(db):
        site.put(db, "name", "new")
    (tmp_path / "copy" / FILE).replace(home / FILE)
    for more in ("-wal", "-shm"):
        shutil.move(tmp_path / "copy" / (FILE + more), home / (FILE + more))
    with opened(home) as db:
        assert site.get(db, "name") == "new"


def test_one_in_which_something_failed_is_closed(home, keeping):
    with pytest.raises(RuntimeError), opened(home) as db:
        raise RuntimeError
    assert is_closed(db.conn)


def test_what_was_begun_and_not_committed_is_taken_back(home, keeping):
    with opened(home) as db:
        db.conn.execute("BEGIN")
        site.put(db, "half", "1")
    with opened(home) as db:
        assert not db.conn.in_transaction
        assert site.get(db, "half") is None


def test_a_change_of_the_schema_by_others_is_seen(home, keeping):
    used(home)
    other = sqlite3.connect(home / FILE)
    other.execute("CREATE TABLE more (a)")
    other.close()
    with opened(home) as db:
        assert db.table("more").exists()


def test_all_are_closed_at_the_end(home, keeping):
    kept = used(home)
    KEPT_OPEN.keep(0)
    assert is_closed(kept)
