"""Sessions end after idle time, at once when told to, and the store can't be used to sign in."""

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.records import SessionLimits
from cxr_core.store import sessions, users
from tests.store.rows import add_user

LIMITS = SessionLimits(30, 12)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def user(db):
    return add_user(db)


def whose(db, token, minutes):
    with clock.at(NOON + timedelta(minutes=minutes)):
        return sessions.user_of(db, token, LIMITS)


def begun(db, user):
    with clock.at(NOON):
        return sessions.start(db, user, LIMITS)


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
        assert sessions.is_open(db, token, LIMITS)
    with clock.at(NOON + timedelta(minutes=31)):
        assert not sessions.is_open(db, token, LIMITS)
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


def test_tokens_are_never_the_same_and_too_long_to_be_found(db, user):
    tokens = [begun(db, user) for _ in range(20)]
    places = [{token[place] for token in tokens} for place in range(len(tokens[0]))]
    assert len(set(tokens)) == 20
    assert sum(len(found) > 1 for found in places) >= 256 / 6  # each of so many letters tells 6 bits


def test_signing_in_deletes_the_sessions_that_have_ended(db, user):
    begun(db, user)
    with clock.at(NOON + timedelta(minutes=20)):
        open_still = sessions.start(db, user, LIMITS)
    with clock.at(NOON + timedelta(minutes=31)):
        sessions.start(db, user, LIMITS)
    assert db.execute("SELECT count(*) FROM sessions").fetchone() == (2,)
    assert whose(db, open_still, 32) == user


def test_however_much_it_is_used_a_session_ends_after_its_hours(db, user):
    token = begun(db, user)
    assert all(whose(db, token, minutes) == user for minutes in range(0, 12 * 60, 25))
    assert whose(db, token, 12 * 60) is None
    with clock.at(NOON + timedelta(hours=12)):
        assert not sessions.is_open(db, token, LIMITS)


def test_a_disabled_users_sessions_are_closed(db, user):
    token = begun(db, user)
    users.set_disabled(db, user.id, True)
    assert whose(db, token, 1) is None
    with clock.at(NOON):
        assert not sessions.is_open(db, token, LIMITS)
        assert sessions.open_of(db, user.id, LIMITS) == []


def test_all_sessions_of_one_end_and_no_others(db, user):
    other = add_user(db, "other")
    tokens = [begun(db, user), begun(db, user), begun(db, other)]
    assert sessions.end_all(db, user.id) == 2
    assert [whose(db, each, 1) for each in tokens] == [None, None, other]


def test_ones_open_sessions_are_told_with_the_own_one(db, user):
    token, _ = begun(db, user), begun(db, user)
    with clock.at(NOON + timedelta(minutes=1)):
        found = sessions.open_of(db, user.id, LIMITS)
    assert sorted(sessions.is_of(each, token) for each in found) == [False, True]
