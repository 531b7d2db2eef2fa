"""Signing in and out, and the first account."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.records import Role
from cxr_core.work import accounts, starting
from cxr_core.work.guarding import COMMAND_LINE
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


def test_the_first_start_makes_one_admin_and_no_second(settings):
    assert accounts.nobody_yet(settings.home)
    assert accounts.add_first_admin(settings.home, "ada", "a long password").role is Role.ADMIN
    with pytest.raises(Conflict, match="ask an admin"):
        accounts.add_first_admin(settings.home, "eve", "a long password")


def test_a_demo_takes_no_first_admin(settings):
    starting.ask_for_demo(settings.home)
    with pytest.raises(Conflict):
        accounts.add_first_admin(settings.home, "ada", "a long password")


def test_who_made_an_account_is_on_record(settings):
    accounts.add_first_admin(settings.home, "ada", "a long password")
    accounts.add_user(settings.home, COMMAND_LINE, "bob", Role.RADIOLOGIST, "a long password")
    made = [row["actor"] for row in query(settings, "SELECT actor FROM audit WHERE action = 'add user' ORDER BY id")]
    assert made == ["first start", "command line"]


def test_the_only_admin_need_not_be_named(settings):
    with pytest.raises(NotFound, match="users add NAME --role admin"):
        accounts.admin_named(settings.home, COMMAND_LINE, None)
    admin = add_user(settings, Role.ADMIN)
    assert accounts.admin_named(settings.home, COMMAND_LINE, None) == admin
    assert accounts.admin_named(settings.home, COMMAND_LINE, "ADMIN") == admin
    add_user(settings, Role.ADMIN, "second")
    with pytest.raises(BadInput, match="--by: admin, second"):
        accounts.admin_named(settings.home, COMMAND_LINE, None)
    with pytest.raises(NotFound, match="no admin radiologist"):
        accounts.admin_named(settings.home, COMMAND_LINE, "radiologist")


def test_accounts_are_shown_on_a_demo_only(settings):
    assert accounts.shown_accounts(settings.home) == []
