"""The way in: the first admin's code, passwords that were given, names that have been guessed at, and all ways out."""

from __future__ import annotations

import pytest

from cxr_core.records import Role
from cxr_core.store import attempts
from cxr_core.ui import entrance
from cxr_core.ui.throttle import Throttle
from cxr_core.work import accounts, people
from cxr_core.work.guarding import COMMAND_LINE
from tests.store.rows import MISTYPED

PASSWORD, OWN = "a long password", "another long one"


def entered(answer):
    return (answer.status_code, answer.headers.get("location")) == (303, "/")


def test_the_first_account_is_made_with_the_code_from_the_console_and_once(empty_home, browser):
    visitor, code = browser(client="192.0.2.7"), people.first_code(empty_home)
    assert "Make the first" in visitor.get("/sign-in").text
    form = {"code": f" {code.lower()} ", "name": "bob", "password": PASSWORD}
    assert entered(visitor.post("/first-admin", data=form))
    assert visitor.get("/history").text == "inside"
    again = browser().post("/first-admin", data={**form, "name": "eve"})
    assert again.status_code == 400
    assert "there are accounts already" in again.text
    assert people.first_code(empty_home) is None


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA", "earlier"])
def test_another_code_makes_nobody(empty_home, browser, code):
    earlier = people.first_code(empty_home)
    people.first_code(empty_home)
    form = {"code": earlier if code == "earlier" else code, "name": "eve", "password": PASSWORD}
    answer = browser().post("/first-admin", data=form)
    assert answer.status_code == 403
    assert "not the code that the program printed" in answer.text
    assert accounts.nobody_yet(empty_home)


@pytest.mark.parametrize("between", ["-", " ", "", " - ", "\u2013"])
def test_the_code_is_taken_however_its_parts_are_set_apart(empty_home, browser, between):
    code = people.first_code(empty_home).replace("-", between)
    assert entered(browser().post("/first-admin", data={"code": code, "name": "bob", "password": PASSWORD}))


def test_a_wrong_code_leaves_the_name_in_the_form(empty_home, browser):
    people.first_code(empty_home)
    answer = browser().post("/first-admin", data={"code": "AAAA", "name": 'Bo "B"', "password": PASSWORD})
    assert 'name="name" value="Bo &quot;B&quot;"' in answer.text


def test_where_no_code_was_ever_made_none_fits(empty_home, browser):
    assert browser().post("/first-admin", data={"name": "eve", "password": PASSWORD}).status_code == 403
    assert accounts.nobody_yet(empty_home)


def test_codes_can_not_be_guessed_in_a_row(empty_home, browser):
    people.first_code(empty_home)
    form = {"code": "AAAA-AAAA-AAAA", "name": "eve", "password": PASSWORD}
    assert [browser().post("/first-admin", data=form).status_code for _ in range(6)] == [403] * 5 + [429]


def test_a_short_first_password_is_refused_with_the_rule(empty_home, browser):
    code = people.first_code(empty_home)
    answer = browser().post("/first-admin", data={"code": code, "name": "bob", "password": "short"})
    assert "at least 8 characters" in answer.text
    assert accounts.nobody_yet(empty_home)


def test_a_password_that_was_given_opens_nothing_but_the_choice_of_another(home, browser):
    given, visitor = people.invite(home, COMMAND_LINE, "eva", Role.AUDITOR), browser()
    answer = visitor.post("/sign-in", data={"name": "eva", "password": given})
    assert "choose your own" in answer.text
    assert 'action="/password"' in answer.text
    assert "set-cookie" not in answer.headers
    form = {"name": "eva", "password": given, "new": OWN, "again": OWN}
    assert entered(visitor.post("/password", data=form))
    assert visitor.get("/history").text == "inside"
    assert not entered(browser().post("/sign-in", data={"name": "eva", "password": given}))
    assert entered(browser().post("/sign-in", data={"name": "eva", "password": OWN}))


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"again": "something else"}, 400, "typed in two ways"),
        ({"new": "short", "again": "short"}, 400, "at least 8 characters"),
        ({"new": PASSWORD, "again": PASSWORD}, 400, "is the old one"),
        ({"password": "wrong password"}, 401, "name or the password is wrong"),
    ],
)
def test_another_password_that_will_not_do_changes_nothing(home, browser, form, status, words):
    answer = browser().post("/password", data={"name": "ann", "password": PASSWORD, "new": OWN, "again": OWN, **form})
    assert answer.status_code == status
    assert words in answer.text
    assert entered(browser().post("/sign-in", data={"name": "ann", "password": PASSWORD}))


def test_another_password_ends_the_sessions_that_the_old_one_opened(home, browser, signed_in):
    form = {"name": "ann", "password": PASSWORD, "new": OWN, "again": OWN}
    assert "ann" in signed_in.get("/password").text
    other = browser()
    assert entered(other.post("/password", data=form))
    assert signed_in.get("/history").status_code == 401
    assert other.get("/history").text == "inside"


def test_guessing_from_many_addresses_locks_the_name_and_an_admin_unlocks_it(home, browser):
    for number in range(MISTYPED):
        answer = browser(client=f"192.0.2.{number}").post(
            "/sign-in", data={"name": "ann", "password": f"guess {number}"}
        )
    assert answer.status_code == 429
    right = {"name": "ann", "password": PASSWORD}
    answer = browser(client="192.0.2.99").post("/sign-in", data=right)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= attempts.SHORTEST.total_seconds()
    people.unlock(home, COMMAND_LINE, "ann")
    assert entered(browser(client="192.0.2.99").post("/sign-in", data=right))


def guess(visitor, name="ann"):
    """Guess in a row until it is too early."""
    while (answer := visitor.post("/sign-in", data={"name": name, "password": "a guess"})).status_code == 401:
        pass
    assert answer.status_code == 429


@pytest.mark.parametrize("end_it", [people.unlock, people.reset_password])
def test_whom_an_admin_unlocks_is_not_held_back_at_the_address_where_they_mistyped(home, browser, end_it):
    guess(browser())
    given = end_it(home, COMMAND_LINE, "ann") or PASSWORD
    answer = browser().post("/sign-in", data={"name": "ann", "password": given})
    assert answer.status_code in (200, 303)


def test_a_lock_outlives_the_server_and_holds_for_names_that_nobody_has(home, browser, monkeypatch):
    for number in range(MISTYPED):
        browser(client=f"192.0.2.{number}").post("/sign-in", data={"name": "nobody", "password": f"guess {number}"})
    monkeypatch.setattr(entrance, "THROTTLE", Throttle())
    assert browser().post("/sign-in", data={"name": "nobody", "password": "x"}).status_code == 429


def test_signing_out_everywhere_ends_every_session_of_ones_own(home, browser, signed_in):
    people.add_user(home, COMMAND_LINE, "bob", Role.ADMIN, PASSWORD)
    other, bob = browser(), browser()
    other.post("/sign-in", data={"name": "ann", "password": PASSWORD})
    bob.post("/sign-in", data={"name": "bob", "password": PASSWORD})
    signed_in.post("/sign-out", data={"everywhere": "1"})
    assert [visitor.get("/history").status_code for visitor in (signed_in, other, bob)] == [401, 401, 200]


def test_a_disabled_account_is_out_at_once(home, browser, signed_in):
    assert signed_in.get("/history").text == "inside"
    people.disable(home, COMMAND_LINE, "ann")
    assert signed_in.get("/history").status_code == 401
    assert browser().post("/sign-in", data={"name": "ann", "password": PASSWORD}).status_code == 401
