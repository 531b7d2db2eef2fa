"""Whatever is done to the audit chain behind the program's back is found, and where."""

from contextlib import contextmanager
from threading import Event, Thread

import pytest

from cxr_core.errors import IntegrityError
from cxr_core.store import audit, audit_chain
from cxr_core.store.db import one, opened, transaction
from tests.store.rows import at_once, without_triggers

EVENTS = 6


@pytest.fixture
def chain(home):
    """A home with a chain of a few events, whose triggers are gone."""
    with opened(home) as db:
        for number in range(EVENTS):
            with transaction(db):
                audit.record(db, f"user {number}", "act", f"subject {number}", number=number)
    without_triggers(home)
    return home


def first_bad_row(home):
    with opened(home) as db, pytest.raises(IntegrityError) as broken:
        audit.verify(db)
    return str(broken.value).split(" is not what was written")[0]


def change(home, sql, *values):
    with opened(home) as db:
        assert db.execute(sql, values).rowcount >= 1


def record_some(number, home):
    for _ in range(10):
        with opened(home) as db, transaction(db):
            audit.record(db, f"process {number}", "act", "")


def test_an_untouched_chain_verifies(chain):
    with opened(chain) as db:
        assert audit.verify(db) == EVENTS


@contextmanager
def somebody_writing(home):
    """Somebody else adds one event after the other meanwhile."""
    enough = Event()

    def write():
        with opened(home) as db:
            while not enough.is_set():
                with transaction(db):
                    audit.record(db, "somebody else", "act", "")

    writer = Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


def test_a_chain_that_others_go_on_with_meanwhile_verifies(db, home):
    with transaction(db):
        for number in range(5000):
            audit.record(db, "ann", "act", str(number))
    with somebody_writing(home):
        while audit.head(db).number < 5010:
            before, found = audit.head(db).number, audit.verify(db)
            assert found >= before
    assert audit.verify(db) == audit.head(db).number > 5000


def test_an_empty_chain_verifies(db):
    assert audit.verify(db) == 0


def test_four_processes_write_one_chain(home):
    assert at_once(record_some, 4, home) == [None] * 4
    with opened(home) as db:
        assert audit.verify(db) == 40


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "details", "hash"])
@pytest.mark.parametrize("row", [1, 3, EVENTS])
def test_a_changed_row_is_found(chain, row, column):
    change(chain, f"UPDATE audit SET {column} = {column} || ' ' WHERE id = ?", row)
    assert first_bad_row(chain) == f"audit row {row}"


@pytest.mark.parametrize("row", range(1, EVENTS + 1))
def test_a_deleted_row_is_found(chain, row):
    change(chain, "DELETE FROM audit WHERE id = ?", row)
    assert first_bad_row(chain) == f"audit row {row}"


def test_a_deleted_row_is_found_though_the_others_moved_up(chain):
    change(chain, "DELETE FROM audit WHERE id = 2")
    for row in range(3, EVENTS + 1):
        change(chain, "UPDATE audit SET id = id - 1 WHERE id = ?", row)
    assert first_bad_row(chain) == "audit row 2"


def test_a_chain_that_is_gone_altogether_is_found(chain):
    change(chain, "DELETE FROM audit")
    assert first_bad_row(chain) == "audit row 1"


@pytest.mark.parametrize(("one_row", "other"), [(1, 2), (2, 5), (EVENTS - 1, EVENTS)])
def test_swapped_rows_are_found(chain, one_row, other):
    for old, new in ((one_row, 100), (other, one_row), (100, other)):
        change(chain, "UPDATE audit SET id = ? WHERE id = ?", new, old)
    assert first_bad_row(chain) == f"audit row {one_row}"


@pytest.mark.parametrize("place", [1, 4])
def test_an_inserted_row_is_found(chain, place):
    for row in range(EVENTS, place - 1, -1):
        change(chain, "UPDATE audit SET id = id + 1 WHERE id = ?", row)
    change(
        chain, "INSERT INTO audit SELECT ?, at, actor, action, subject, details, hash FROM audit WHERE id = 6", place
    )
    assert first_bad_row(chain) == f"audit row {place}"


def test_a_row_added_at_the_end_is_found_though_its_seal_fits(chain):
    with opened(chain) as db:
        last = one(db, "SELECT * FROM audit WHERE id = ?", (EVENTS,))
        event = {"id": EVENTS + 1, **{name: last[name] for name in ("at", "actor", "action", "subject", "details")}}
        db.table("audit").insert({**event, "hash": audit_chain.seal(last["hash"], event)})
    assert first_bad_row(chain) == f"audit row {EVENTS + 1}"


def test_the_last_row_is_found_though_it_was_sealed_again(chain):
    with opened(chain) as db:
        last = one(db, "SELECT * FROM audit WHERE id = ?", (EVENTS,))
        before = one(db, "SELECT hash FROM audit WHERE id = ?", (EVENTS - 1,))["hash"]
        event = {name: last[name] for name in ("id", "at", "actor", "action", "subject", "details")} | {"actor": "me"}
        db.execute("UPDATE audit SET actor = 'me', hash = ? WHERE id = ?", (audit_chain.seal(before, event), EVENTS))
    assert first_bad_row(chain) == f"audit row {EVENTS}"


@pytest.mark.parametrize("sql", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_touch_the_chain(db, sql):
    audit.record(db, "a", "b", "c")
    with pytest.raises(Exception, match="the audit chain is never"):
        db.execute(sql)
