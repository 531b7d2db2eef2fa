"""The accounts as a table, the one that was clicked beside it, and the form for one more."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core.records import Role, User
from cxr_core.ui import words
from cxr_core.ui.colours import AMBER, GREEN, RED
from cxr_core.ui.first_passwords import first_passwords, give
from cxr_core.ui.mishaps import told
from cxr_core.ui.people_actions import actions
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import site
from cxr_core.ui.tall_table import clicked_row, coloured
from cxr_core.work import people
from cxr_core.work.people import Person

COLOURS = {"active": GREEN, "locked": RED, "to choose a password": AMBER}


def people_view(user: User) -> None:
    """Everybody, and for admins what can be done."""
    found = people.everybody(site(), user)
    rows, detail = st.columns([2.6, 1], gap="medium")
    with rows, st.container(key="fill-people"):
        picked = clicked_row(
            coloured(pd.DataFrame(list(map(row_of, found))), ["State"], COLOURS),
            [each.account.id for each in found], _columns(),
        )  # fmt: skip
    with detail:
        first_passwords()
        if picked is not None:
            _one(user, found[picked])
        if may(people.invite, user):
            _form(user, len(found))
        else:
            left_to(people.invite, "Accounts are added and changed")


def state_of(person: Person) -> str:
    """Where an account stands, in a word or four."""
    if person.account.disabled_at:
        return "disabled"
    if person.locked_until:
        return "locked"
    return "to choose a password" if person.account.must_change else "active"


def row_of(person: Person) -> dict[str, Any]:
    """An account as a row of the table."""
    account = person.account
    return {
        "Name": account.name,
        "Role": account.role.value,
        "State": state_of(person),
        "Signs in by": "hospital" if account.subject else "password",
        "Signed in": words.since(account.signed_in_at),
        "Sessions": person.sessions,
        "Since": words.day(account.created_at),
    }


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "Name": column.TextColumn(width=180),
        "Role": column.TextColumn(width=130),
        "State": column.TextColumn(width=150),
        "Signs in by": column.TextColumn(width=90),
        "Signed in": column.TextColumn("Last signed in", width=100),
        "Sessions": column.NumberColumn("Open sessions", width=100, format="%d"),
        "Since": column.TextColumn("Since (UTC)", width=120),
    }


def _one(user: User, person: Person) -> None:
    account = person.account
    st.html(f"<h3>{escape(account.name)}</h3>")
    words.table([
        ("Role", account.role.value),
        ("State", state_of(person)),
        ("Locked until", words.day(person.locked_until.isoformat()) if person.locked_until else words.NONE),
        ("Disabled since", words.day(account.disabled_at)),
        ("Known to the hospital as", account.subject or words.NONE),
    ])  # fmt: skip
    if may(people.change_role, user):
        actions(user, person)


def _form(user: User, number: int) -> None:
    st.html("<h3>Add somebody</h3>")
    with st.form(key=f"person-{number}", border=False):
        name = st.text_input("Name", max_chars=64)
        role = st.selectbox("Role", list(Role), format_func=lambda each: each.value)
        if st.form_submit_button("Add", type="primary", key="add-person"):
            with told():
                give(name, people.invite(site().home, user, name, Role(str(role))))
                st.rerun()
