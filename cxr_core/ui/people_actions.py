"""What an admin can do about an account."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cxr_core.records import Role, User
from cxr_core.ui.first_passwords import give
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.work import people
from cxr_core.work.people import Person

CHANGES = "changes to accounts"
"""Key of the session state: how many were made here. It is in the keys of what opens, which closes with each."""


def actions(user: User, person: Person) -> None:
    """The buttons.

    Each account has buttons of its own: a press that the server hears too late is for nobody else.
    """
    number, name, home = person.account.id, person.account.name, site().home
    is_own = not person.account.subject
    if is_own:
        _role(user, person)
    if person.locked_until and st.button("Let them try again now", key=f"unlock-{number}", width="stretch"):
        _do(lambda: people.unlock(home, user, name))
    if person.sessions and st.button("Sign out everywhere", key=f"end-sessions-{number}", width="stretch"):
        _do(lambda: people.end_sessions(home, user, name))
    if person.account.disabled_at:
        if st.button("Let them sign in again", key=f"enable-{number}", width="stretch"):
            _do(lambda: people.enable(home, user, name))
    else:
        with _asked("Disable", f"disable-{number}"):
            st.caption("They are signed out at once, and can't sign in. Their reads stay.")
            if st.button("Disable", key=f"disable-{number}"):
                _do(lambda: people.disable(home, user, name))
    if is_own:
        with _asked("Reset the password", f"reset-{number}"):
            st.caption("They are signed out, and get a new first one.")
            if st.button("Reset the password", key=f"reset-{number}"):
                _do(lambda: give(name, people.reset_password(home, user, name)))


def _role(user: User, person: Person) -> None:
    account = person.account
    with _asked("Change the role", f"role-{account.id}"):
        st.caption("They are signed out, and have the new role when they sign in again.")
        role = st.selectbox(
            "Role", list(Role), index=list(Role).index(account.role), key=f"role-{account.id}",
            format_func=lambda each: each.value,
        )  # fmt: skip
        if st.button("Change it", key=f"change-role-{account.id}", disabled=role is account.role):
            _do(lambda: people.change_role(site().home, user, account.name, Role(str(role))))


def _asked(what: str, key: str) -> DeltaGenerator:
    """Opens for what is to be asked first; a refusal belongs in there, too, for what is open hides what lies below."""
    return st.popover(what, key=f"ask-{key}-{st.session_state.get(CHANGES, 0)}", width="stretch")


def _do(do: Callable[[], object]) -> None:
    with told():
        do()
        st.session_state[CHANGES] = st.session_state.get(CHANGES, 0) + 1
        st.rerun()
