"""The pages Accounts and Account: what an admin does about people, and what everybody sees of their own."""

from __future__ import annotations

import re

import pytest

from cxr_core.records import Role
from cxr_core.settings import Settings
from cxr_core.store import attempts, secret
from cxr_core.store.db import opened, transaction
from cxr_core.work import accounts, people
from cxr_core.work.guarding import COMMAND_LINE
from tests.pages.conftest import PASSWORD, PEOPLE
from tests.pages.forms import field
from tests.store.rows import MISTYPED

TYPED = "<img src=x onerror=alert(1)>"
"""A name that would be a picture, and a script, where it is taken for HTML."""


def choose(app, name):
    """Click somebody's row of the table, of which the page hears with what comes next."""
    (table,) = app.dataframe
    row = list(table.value["Name"]).index(name)
    app.session_state[table.key] = {"selection": {"rows": [], "columns": [], "cells": [[row, "Name"]]}}


def click(app, name):
    """Click somebody's row of the table."""
    choose(app, name)
    return app.run()


def of(show, name):
    """Somebody's account as the admin sees it."""
    return click(show("admin", "bob"), name)


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def person(home, name):
    found = people.everybody(Settings(home=home), COMMAND_LINE)
    return next(each for each in found if each.account.name == name)


def keys(app):
    return {button.key for button in app.button}


def test_whoever_is_added_gets_a_first_password_that_is_shown_once(show, home, said):
    app = show("admin", "bob")
    field(app, "Name").set_value("rae")
    press(app, "add-person")
    given = app.code[0].value
    assert "The first password of rae" in said(app)
    assert accounts.judge(Settings(home=home), "rae", given).must_change
    assert person(home, "rae").account.role is Role.RADIOLOGIST
    press(app, "passed-on-rae")
    assert not app.code
    assert given not in said(app)


def test_a_name_is_shown_as_it_was_typed_and_is_no_html(show, home, said):
    app = show("admin", "bob")
    field(app, "Name").set_value(TYPED)
    press(app, "add-person")
    given = said(app)
    press(app, f"passed-on-{TYPED}")
    detail = said(click(app, TYPED))
    assert "The first password of &lt;img" in given
    assert "<h3>&lt;img" in detail
    assert TYPED not in given + detail


def test_ones_own_name_is_no_html(show, home, said):
    people.add_user(home, COMMAND_LINE, TYPED, Role.RADIOLOGIST, PASSWORD)
    app = show("account")
    app.session_state["token"] = accounts.sign_in(Settings(home=home), TYPED, PASSWORD)
    text = said(app.run())
    assert "<h3>&lt;img" in text
    assert TYPED not in text


def test_a_first_password_stays_until_it_is_passed_on_whoever_is_added_or_reset_after(show, home, said):
    app = show("admin", "bob")
    for name in ("rae", "zoe"):
        field(app, "Name").set_value(name)
        press(app, "add-person")
    press(click(app, "ann"), "reset-1")
    given = dict(zip(("rae", "zoe", "ann"), [code.value for code in app.code], strict=True))
    for name, password in given.items():
        assert accounts.judge(Settings(home=home), name, password).must_change
    press(app, "passed-on-zoe")
    assert [code.value for code in app.code] == [given["rae"], given["ann"]]
    assert "first password of zoe" not in said(app)


def test_a_name_that_is_taken_is_refused_in_words(show, home):
    app = show("admin", "bob")
    field(app, "Name").set_value("ANN")
    press(app, "add-person")
    assert "ann" in app.error[0].value.lower()
    assert not app.code


def test_another_role_is_given(show, home):
    app = of(show, "ann")
    app.selectbox(key="role-1").set_value(Role.AUDITOR).run()
    press(app, "change-role-1")
    assert person(home, "ann").account.role is Role.AUDITOR


def test_somebody_is_disabled_and_enabled_again(show, home, said):
    app = press(of(show, "ann"), "disable-1")
    assert accounts.sign_in(Settings(home=home), "ann", PASSWORD) is None
    press(click(app, "ann"), "enable-1")
    assert accounts.sign_in(Settings(home=home), "ann", PASSWORD)


def test_a_reset_gives_a_first_password_that_is_shown_once(show, home, said):
    app = press(of(show, "ann"), "reset-1")
    assert accounts.judge(Settings(home=home), "ann", app.code[0].value).must_change
    assert "The first password of ann" in said(app)


def test_whoever_mistyped_too_often_is_let_in_again(show, home):
    assert "unlock-1" not in keys(of(show, "ann"))
    with opened(home) as db, transaction(db):
        for _ in range(MISTYPED):
            attempts.wrong(db, attempts.key_of(secret.site_secret(home), "ann"))
    press(of(show, "ann"), "unlock-1")
    assert accounts.sign_in(Settings(home=home), "ann", PASSWORD)


def test_somebody_is_signed_out_everywhere(show, home, furnished):
    press(of(show, "ann"), "end-sessions-1")
    assert accounts.user_of(Settings(home=home), furnished[1]["ann"]) is None
    assert person(home, "ann").sessions == 0


@pytest.mark.parametrize("what", ["Disable", "Sign out everywhere"])
def test_a_press_that_is_heard_once_another_is_chosen_is_for_nobody(show, home, said, what):
    app = of(show, "ann")
    stale = next(button for button in app.button if button.label == what)
    choose(app, "eva")
    stale.click().run()
    assert "<h3>eva</h3>" in said(app)
    for name in ("ann", "eva"):
        assert (person(home, name).account.disabled_at, person(home, name).sessions) == (None, 1)


@pytest.mark.parametrize("key", ["disable-2", "change-role-2"])
def test_the_last_admin_stays_one_and_the_page_says_why(show, home, key):
    app = of(show, "bob")
    app.selectbox(key="role-2").set_value(Role.AUDITOR).run()
    press(app, key)
    (opened,) = [popover for popover in app.get("popover") if popover.error]
    assert "only admin: make another first" in opened.error[0].value
    assert key in keys(opened)
    assert person(home, "bob").account.role is Role.ADMIN


@pytest.mark.parametrize("key", ["disable-1", "reset-1", "change-role-1"])
def test_what_was_opened_closes_once_it_is_done(show, home, key):
    def asked(app):
        return {popover.proto.id for popover in app.get("popover")}  # the browser keeps one with the same id open

    app = of(show, "ann")
    app.selectbox(key="role-1").set_value(Role.AUDITOR).run()
    before = asked(app)
    assert "" not in before
    press(click(app, "ann"), key)
    assert not asked(app) & before


def test_an_auditor_sees_everybody_and_no_button(show, said):
    app = show("admin", "eva")
    assert list(app.dataframe[0].value["Name"]) == sorted(PEOPLE)
    assert "Accounts are added and changed by an admin." in said(app)
    click(app, "ann")
    assert "<h3>ann</h3>" in said(app)
    assert not app.button
    assert not app.text_input


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_sees_who_they_are_and_where_they_are_signed_in(show, said, home, name):
    accounts.sign_in(Settings(home=home), name, PASSWORD)
    text = said(show("account", name))
    assert f"<h3>{name}</h3>" in text
    assert PEOPLE[name].value in text
    assert text.count("this browser") == 1
    assert len(re.findall("<tr><td>20", text)) == 2


def test_ones_own_password_and_sessions_are_a_link_and_a_form_away(show, said):
    app = show("account", "pia")
    assert "A session ends 30 minutes after the last click, and 12 hours after signing in." in said(app)
    (link,) = app.get("link_button")
    assert link.proto.url == "/password"
