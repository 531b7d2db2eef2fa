"""Accounts on the command line."""

from __future__ import annotations

import pytest

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store import users
from cxr_core.store.db import opened
from cxr_core.work import accounts
from tests.store.rows import MISTYPED

PASSWORD = "a long password"


@pytest.fixture
def settings(home):
    return Settings(home=home)


@pytest.fixture
def ann(run, typed):
    """A radiologist called ann, beside an admin."""
    for name, role in (("ada", "admin"), ("ann", "radiologist")):
        typed(f"{PASSWORD}\n")
        run("users", "add", name, "--role", role)
    return "ann"


def test_a_password_is_read_from_standard_input(run, settings, typed):
    typed(f"{PASSWORD}\r\n")
    assert run("users", "add", "ada", "--role", "admin").lines == [{"name": "ada", "role": "admin"}]
    with opened(settings.home) as db:
        assert users.check_password(db, "ada", PASSWORD).role == "admin"


@pytest.mark.parametrize(
    ("password", "why"), [("short\n", "at least 8 characters"), ("", "at least 8"), (f"{PASSWORD}\n", "already")]
)
def test_an_account_that_can_not_be_made_is_one_line(run, typed, password, why):
    if why == "already":
        typed(password)
        run("users", "add", "ada", "--role", "admin")
    typed(password)
    answer = run("users", "add", "ada", "--role", "admin")
    assert (answer.status, answer.lines) == (1, [])
    assert why in answer.words
    assert answer.words.startswith("cxr_core users: ")


@pytest.mark.parametrize("word", ["radiologist", "admin", "auditor", "pacs-administrator"])
def test_every_role_can_be_given(run, typed, word):
    typed(f"{PASSWORD}\n")
    (line,) = run("users", "add", "eva", "--role", word).lines
    assert Role(line["role"]).value.lower().replace(" ", "-") == word


def test_everybody_is_listed_and_nobodys_password(run, ann):
    answer = run("users", "list")
    assert [(line["name"], line["role"], line["disabled_at"]) for line in answer.lines] == [
        ("ada", "admin", None), ("ann", "radiologist", None)
    ]  # fmt: skip
    assert "argon2" not in str(answer.lines)


def test_another_role_is_given(run, ann):
    assert run("users", "role", ann, "--role", "auditor").lines == [{"name": "ann", "role": "auditor"}]
    assert [line["role"] for line in run("users", "list").lines] == ["admin", "auditor"]


def test_who_is_disabled_is_out_and_comes_back(run, settings, ann):
    assert run("users", "disable", ann).lines == [{"name": "ann", "disabled": True}]
    assert accounts.sign_in(settings, ann, PASSWORD) is None
    assert run("users", "enable", ann).lines == [{"name": "ann", "disabled": False}]
    assert accounts.sign_in(settings, ann, PASSWORD)


def test_a_reset_prints_a_password_that_opens_the_choice_of_another_alone(run, settings, ann):
    answer = run("users", "reset", ann)
    (line,) = answer.lines
    assert "kept nowhere" in answer.words
    assert accounts.judge(settings, ann, line["password"]).must_change


def test_whoever_mistyped_too_often_is_let_try_again(run, settings, ann):
    for _ in range(MISTYPED):
        accounts.sign_in(settings, ann, "wrong password")
    assert [bool(line["locked_until"]) for line in run("users", "list").lines] == [False, True]
    assert run("users", "unlock", ann).lines == [{"name": "ann", "locked": False}]
    assert accounts.sign_in(settings, ann, PASSWORD)


@pytest.mark.parametrize("what", ["disable", "enable", "reset", "unlock"])
def test_nobody_of_that_name_is_one_line(run, ann, what):
    answer = run("users", what, "eve")
    assert (answer.status, answer.lines) == (1, [])
    assert answer.words == "cxr_core users: there is no user called eve\n"
