"""Wrong passwords in a row make a name wait, longer each time, and never for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.store import attempts
from cxr_core.store.attempts import LONGEST, SHORTEST
from tests.store.rows import MISTYPED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = attempts.key_of(b"secret", "ann")


def wrong(db, times, at=NOON):
    with clock.at(at):
        return [attempts.wrong(db, KEY) for _ in range(times)]


def wait(db, at=NOON):
    with clock.at(at):
        until = attempts.locked_until(db, KEY)
    return until - at if until else None


def test_mistyping_costs_nothing(db):
    assert wrong(db, MISTYPED - 1) == [False] * (MISTYPED - 1)
    assert wait(db) is None


def test_each_wrong_one_after_that_doubles_the_wait_up_to_the_longest(db):
    wrong(db, MISTYPED - 1)
    waits = []
    for _ in range(6):
        wrong(db, 1)
        waits.append(wait(db))
    assert waits == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST, 8 * SHORTEST, LONGEST, LONGEST]


def test_the_wait_ends(db):
    wrong(db, MISTYPED)
    assert wait(db, NOON + SHORTEST - timedelta(seconds=1)) == timedelta(seconds=1)
    assert wait(db, NOON + SHORTEST) is None


def test_a_right_password_and_a_day_begin_from_zero(db):
    wrong(db, MISTYPED)
    attempts.forget(db, KEY)
    assert wait(db) is None
    wrong(db, MISTYPED)
    assert wrong(db, 1, NOON + timedelta(days=1)) == [False]


@pytest.mark.parametrize("other", ["ANN", " ann "])
def test_a_name_is_one_however_it_is_typed(other):
    assert attempts.key_of(b"secret", other) == KEY


def test_what_was_typed_is_not_kept(db, home):
    with clock.at(NOON):
        attempts.wrong(db, attempts.key_of(b"secret", "my password by mistake"))
    assert all(b"mistake" not in path.read_bytes() for path in home.iterdir() if path.is_file())
    assert attempts.key_of(b"another", "ann") != KEY


def test_where_an_admin_says_so_it_begins_from_zero_and_for_a_day_it_is_known_when(db):
    wrong(db, MISTYPED)
    assert attempts.begun_anew(db, KEY) is None
    with clock.at(NOON):
        attempts.begin_anew(db, KEY)
    assert wait(db) is None
    wrong(db, 1, NOON + timedelta(minutes=1))
    assert attempts.begun_anew(db, KEY) == NOON
    wrong(db, 1, NOON + timedelta(days=1))
    assert attempts.begun_anew(db, KEY) is None
