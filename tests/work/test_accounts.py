"""Signing in and out, and one's own password."""

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from cxr_core import clock
from cxr_core.errors import NotAllowed
from cxr_core.store import users
from cxr_core.store.db import opened
from cxr_core.work import accounts, people
from cxr_core.work.guarding import COMMAND_LINE
from tests.store.rows import MISTYPED
from tests.work.sites import add_user, new_home, query


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def events(settings):
    return [(row["actor"], row["action"]) for row in query(settings, "SELECT * FROM audit ORDER BY id")][1:]


def test_signing_in_and_out(settings):
    user = add_user(settings)
    token = accounts.sign_in(settings, "radiologist", "a long password")
    assert accounts.user_of(settings, token) == user
    assert accounts.still_open(settings, token)
    accounts.sign_out(settings, token)
    assert accounts.user_of(settings, token) is None
    assert not accounts.still_open(settings, token)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer_and_are_noted(settings):
    add_user(settings)
    assert accounts.sign_in(settings, "radiologist", "wrong password") is None
    assert accounts.sign_in(settings, "my password by mistake", "x") is None
    assert events(settings)[1:] == [("somebody", "failed sign in")] * 2
    assert "mistake" not in str(query(settings, "SELECT * FROM audit"))


def test_the_sites_idle_time_holds(settings):
    add_user(settings)
    token = accounts.sign_in(settings, "radiologist", "a long password")
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert accounts.user_of(replace(settings, idle_minutes=5), token) is None
        assert accounts.user_of(settings, token) is not None


def test_another_password_takes_the_place_of_the_old_one(settings):
    add_user(settings)
    old = accounts.sign_in(settings, "radiologist", "a long password")
    new = accounts.change_password(settings, "radiologist", "a long password", "another long one").token
    assert accounts.user_of(settings, old) is None
    assert accounts.user_of(settings, new).name == "radiologist"
    assert accounts.sign_in(settings, "radiologist", "a long password") is None


def disabled(settings):
    people.disable(settings.home, COMMAND_LINE, "radiologist")


def reset(settings):
    people.reset_password(settings.home, COMMAND_LINE, "radiologist")


@pytest.fixture(params=[disabled, reset])
def changed_meanwhile(request, settings, monkeypatch):
    """An account that an admin changes once its password was found to be right."""
    add_user(settings)
    check = users.check_password

    def check_and_change(db, name, password):
        found = check(db, name, password)
        request.param(settings)
        return found

    monkeypatch.setattr(users, "check_password", check_and_change)
    return settings


def test_a_password_opens_nothing_if_the_account_was_changed_while_it_was_looked_at(changed_meanwhile):
    judged = accounts.judge(changed_meanwhile, "radiologist", "a long password")
    assert (judged.token, judged.must_change) == (None, False)
    assert query(changed_meanwhile, "SELECT * FROM sessions") == []
    assert events(changed_meanwhile)[-1] == ("somebody", "failed sign in")


def test_a_password_is_not_put_in_the_place_of_one_that_was_given_meanwhile(changed_meanwhile):
    judged = accounts.change_password(changed_meanwhile, "radiologist", "a long password", "another password")
    assert judged.token is None
    assert query(changed_meanwhile, "SELECT * FROM sessions") == []
    with opened(changed_meanwhile.home) as db:
        hashed = users.standing(db, "radiologist")[1]
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(hashed, "another password")


def test_whose_name_was_tried_is_on_record_where_it_is_somebodys(settings):
    add_user(settings)
    for _ in range(MISTYPED):
        accounts.sign_in(settings, "Radiologist", "wrong password")
    tried = query(
        settings, "SELECT action, subject FROM audit WHERE actor IN ('somebody', 'program') AND id > 2 ORDER BY id"
    )
    assert {row["subject"] for row in tried} == {"radiologist"}
    assert tried[-1]["action"] == "lock out"


def test_ones_own_sessions_and_account_are_told(settings):
    user = add_user(settings)
    tokens = [accounts.sign_in(settings, "radiologist", "a long password") for _ in range(2)]
    assert [each["this"] for each in accounts.own_sessions(settings, user, tokens[1])] == [True, False]
    assert accounts.own_account(settings.home, user).signed_in_at
    with pytest.raises(NotAllowed, match="gone"):
        accounts.own_account(settings.home, replace(user, id=99))
    assert accounts.sign_out_everywhere(settings.home, user) == 2


def test_accounts_are_shown_on_a_demo_only(settings):
    assert accounts.shown_accounts(settings.home) == []
