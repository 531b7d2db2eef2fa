"""Accounts that the hospital's own sign-in vouches for."""

import shutil
from dataclasses import replace

import pytest

from cxr_core.errors import BadInput
from cxr_core.records import Role
from cxr_core.store import users
from cxr_core.store.db import opened
from cxr_core.work import accounts, people, vouching
from cxr_core.work.guarding import COMMAND_LINE
from tests.work.sites import add_user, new_home, query

ISSUER = "https://login.hospital"
ROLES = (("cxr-admins", Role.ADMIN), ("radiology", Role.RADIOLOGIST), ("quality", Role.AUDITOR))


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    settings = new_home(tmp_path_factory.mktemp("vouched"), oidc_url=ISSUER, oidc_client="cxr", oidc_roles=ROLES)
    add_user(settings, Role.ADMIN, "local admin")
    return settings


@pytest.fixture
def settings(furnished, tmp_path):
    """A home with an admin of its own, who isn't the hospital's."""
    shutil.copytree(furnished.home, tmp_path / "home")
    return replace(furnished, home=tmp_path / "home")


def said(sub="1001", *roles, **more):
    return {"iss": ISSUER, "sub": sub, "aud": "cxr", "preferred_username": "ann", "roles": list(roles), **more}


def signed_in(settings, *arguments, **more):
    return accounts.user_of(settings, vouching.sign_in(settings, said(*arguments, **more)).token)


def refused(settings, *arguments, **more):
    admitted = vouching.sign_in(settings, said(*arguments, **more))
    assert admitted.token is None
    return admitted.refused


def last_events(settings, number=1):
    found = query(settings, "SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT ?", number)
    return [tuple(row.values()) for row in reversed(found)]


def test_the_first_time_makes_the_account_and_later_times_find_it(settings):
    first = signed_in(settings, "1001", "radiology")
    assert (first.name, first.role) == ("ann", Role.RADIOLOGIST)
    assert last_events(settings, 2) == [("hospital's sign-in", "add user", "ann"), ("ann", "sign in", "")]
    assert signed_in(settings, "1001", "radiology", preferred_username="ann.married") == first
    assert accounts.own_account(settings.home, first).subject == f"{ISSUER} 1001"


def test_the_same_subject_of_another_issuer_is_somebody_else(settings):
    first = signed_in(settings, "1001", "radiology")
    assert signed_in(settings, "1001", "radiology", iss="https://other.hospital").id != first.id


def test_a_name_that_is_taken_gets_a_number_and_takes_nobody_over(settings):
    names = [signed_in(settings, sub, "radiology", preferred_username="Local Admin").name for sub in "12"]
    assert names == ["Local Admin 2", "Local Admin 3"]


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ({"preferred_username": None, "email": "a@b.c"}, "a@b.c"),
        ({"preferred_username": " ", "name": "Ann Lee"}, "Ann Lee"),
        ({"preferred_username": "an\u202en\x1b[2J\n"}, "an n [2J"),
        ({"preferred_username": ["ann"]}, "somebody from the hospital"),
        ({"preferred_username": "<b>'--"}, "<b>'--"),
        ({"preferred_username": "program"}, "program 2"),
        ({"preferred_username": "Sender CT", "name": "Ann"}, "Ann"),
        ({"preferred_username": "sender CT"}, "somebody from the hospital"),
        ({"preferred_username": "x" * 99}, "x" * 59),
    ],
)
def test_a_name_shows_what_it_is_and_is_nobody_elses(settings, claimed, name):
    assert signed_in(settings, "1", "radiology", **claimed).name == name


def test_the_first_role_of_the_sites_list_that_fits_counts(settings):
    assert signed_in(settings, "1", "quality", "radiology", "nurses").role is Role.RADIOLOGIST


@pytest.mark.parametrize(
    ("path", "claimed"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["quality"]}}),
        ("https://cxr/roles", {"https://cxr/roles": ["quality"]}),
        ("a.b", {"a.b": "quality"}),
        ("groups", {"groups": "quality"}),
    ],
)
def test_the_claim_may_lie_deeper_be_named_with_dots_or_be_one_text(settings, path, claimed):
    assert signed_in(replace(settings, oidc_roles_claim=path), "1", **claimed).role is Role.AUDITOR


@pytest.mark.parametrize(
    "claimed", [None, [], ["nurses"], "radiology-guests", {"radiology": 1}, [["radiology"]], 7, True]
)
def test_without_a_role_nobody_gets_in_and_it_says_what_is_missing(settings, claimed):
    words = refused(settings, roles=claimed)
    assert "gives you no role here: roles has none of cxr-admins, radiology, quality" in words
    assert last_events(settings) == [("somebody", "refused sign in", "")]
    assert len(people.everybody(settings, COMMAND_LINE)) == 1


def test_a_role_that_changed_there_changes_here_and_ends_other_sessions(settings):
    before = vouching.sign_in(settings, said("1", "radiology"))
    user = signed_in(settings, "1", "quality")
    assert user.role is Role.AUDITOR
    assert accounts.user_of(settings, before.token) is None
    assert last_events(settings, 2)[0] == ("hospital's sign-in", "change role", "ann")


def test_the_same_role_leaves_other_sessions_open(settings):
    before = vouching.sign_in(settings, said("1", "radiology"))
    signed_in(settings, "1", "radiology")
    assert accounts.still_open(settings, before.token)


def test_a_role_that_was_taken_away_ends_every_session_at_the_next_sign_in(settings):
    before = vouching.sign_in(settings, said("1", "radiology"))
    refused(settings, "1")
    assert accounts.user_of(settings, before.token) is None
    assert last_events(settings) == [("ann", "refused sign in", "ann")]


def test_who_is_disabled_here_stays_out_whatever_the_hospital_says(settings):
    before = vouching.sign_in(settings, said("1", "cxr-admins"))
    people.disable(settings.home, COMMAND_LINE, "ann")
    assert accounts.user_of(settings, before.token) is None
    assert "disabled" in refused(settings, "1", "cxr-admins")
    people.enable(settings.home, COMMAND_LINE, "ann")
    assert signed_in(settings, "1", "cxr-admins").name == "ann"


def test_the_hospitals_word_counts_even_if_it_leaves_nobody_who_is_an_admin(settings):
    signed_in(settings, "1", "cxr-admins")
    people.disable(settings.home, COMMAND_LINE, "local admin")
    assert signed_in(settings, "1", "radiology").role is Role.RADIOLOGIST


@pytest.mark.parametrize(
    "claimed",
    [{"aud": "other", "azp": "cxr"}, {"aud": ["other"]}, {"aud": None}, {"sub": ""}, {"sub": 7}, {"iss": None},
     {"sub": "x" * 2000}],
)  # fmt: skip
def test_what_is_not_meant_for_this_program_is_refused(settings, claimed):
    assert "isn't meant for this program" in refused(settings, **{"roles": ["cxr-admins"], **claimed})
    assert len(people.everybody(settings, COMMAND_LINE)) == 1


def test_one_audience_among_several_will_do(settings):
    assert signed_in(settings, "1", "radiology", aud=["account", "cxr"], azp="cxr")


def test_the_first_account_of_a_home_is_an_admins(tmp_path):
    settings = new_home(tmp_path, oidc_url=ISSUER, oidc_client="cxr", oidc_roles=ROLES)
    assert "the first is an admin's" in refused(settings, "1", "radiology")
    assert signed_in(settings, "2", "cxr-admins", preferred_username="ada").role is Role.ADMIN
    assert signed_in(settings, "1", "radiology").name == "ann"


def test_such_an_account_has_no_password_and_its_role_is_changed_there(settings):
    user = signed_in(settings, "1", "radiology")
    with opened(settings.home) as db:
        assert users.check_password(db, "ann", "") is None
    with pytest.raises(BadInput, match="reset the password there"):
        people.reset_password(settings.home, COMMAND_LINE, "ann")
    with pytest.raises(BadInput, match="change it there"):
        people.change_role(settings.home, COMMAND_LINE, "ann", Role.ADMIN)
    assert vouching.is_vouched_for(settings, user)
    assert not vouching.is_vouched_for(replace(settings, oidc_url=""), user)


def test_signing_out_everywhere_ends_such_sessions_as_any_other(settings):
    tokens = [vouching.sign_in(settings, said("1", "radiology")).token for _ in range(2)]
    assert accounts.sign_out_everywhere(settings.home, accounts.user_of(settings, tokens[0])) == 2
    assert not any(accounts.still_open(settings, token) for token in tokens)
