"""Sessions end after idle time, at once when told to, and the store can't be used to sign in."""

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.store import sessions
from tests.store.rows import add_user

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def user(db):
    return add_user(db)


def whose(db, token, minutes):
    with clock.at(NOON + timedelta(minutes=minutes)):
        return sessions.user_of(db, token, idle_minutes=30)


def begun(db, user):
    with clock.at(NOON):
        return sessions.start(db, user, idle_minutes=30)


def test_a_token_says_whose_session_it_is(db, user):
    assert whose(db, begun(db, user), 1) == user


@pytest.mark.parametrize("token", [None, "", "guessed"])
def test_another_token_is_nobodys(db, user, token):
    begun(db, user)
    assert whose(db, token, 1) is None


def test_a_session_ends_after_idle_time(db, user):
    assert whose(db, begun(db, user), 31) is None


def test_using_a_session_keeps_it_open(db, user):
    token = begun(db, user)
    assert [whose(db, token, minutes) for minutes in (20, 45, 70)] == [user] * 3
    assert whose(db, token, 101) is None


def test_asking_whether_it_is_open_does_not_keep_it_open(db, user):
    token = begun(db, user)
    with clock.at(NOON + timedelta(minutes=20)):
        assert sessions.is_open(db, token, 30)
    with clock.at(NOON + timedelta(minutes=31)):
        assert not sessions.is_open(db, token, 30)
    assert whose(db, token, 31) is None


def test_signing_out_ends_this_session_and_no_other(db, user):
    token, other = begun(db, user), begun(db, user)
    sessions.end(db, token)
    assert whose(db, token, 1) is None
    assert whose(db, other, 1) == user


def test_only_the_hash_of_a_token_is_stored(db, home, user):
    token = begun(db, user)
    held = [path for path in home.iterdir() if token.encode() in path.read_bytes()]
    assert held == []
    assert db.execute("SELECT length(token_sha256) FROM sessions").fetchone() == (64,)


def test_tokens_are_never_the_same(db, user):
    assert len({begun(db, user) for _ in range(20)}) == 20


def test_signing_in_deletes_the_sessions_that_have_ended(db, user):
    begun(db, user)
    with clock.at(NOON + timedelta(minutes=20)):
        open_still = sessions.start(db, user, idle_minutes=30)
    with clock.at(NOON + timedelta(minutes=31)):
        sessions.start(db, user, idle_minutes=30)
    assert db.execute("SELECT count(*) FROM sessions").fetchone() == (2,)
    assert whose(db, open_still, 32) == user
