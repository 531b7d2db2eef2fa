"""What an admin can do about an account."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.work import people
from cxr_core.work.people import Person


def actions(user: User, person: Person) -> str | None:
    """The buttons; returns the first password where one was just given.

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
    elif _confirmed(
        "Disable", "They are signed out at once, and can't sign in. Their reads stay.", f"disable-{number}"
    ):
        _do(lambda: people.disable(home, user, name))
    if is_own and _confirmed("Reset the password", "They are signed out, and get a new first one.", f"reset-{number}"):
        with told():
            return people.reset_password(home, user, name)
    return None


def _role(user: User, person: Person) -> None:
    account = person.account
    with st.popover("Change the role", key=f"ask-role-{account.id}", width="stretch"):
        st.caption("They are signed out, and have the new role when they sign in again.")
        role = st.selectbox(
            "Role", list(Role), index=list(Role).index(account.role), key=f"role-{account.id}",
            format_func=lambda each: each.value,
        )  # fmt: skip
        if st.button("Change it", key=f"change-role-{account.id}", disabled=role is account.role):
            _do(lambda: people.change_role(site().home, user, account.name, Role(str(role))))


def _confirmed(what: str, then: str, key: str) -> bool:
    with st.popover(what, key=f"ask-{key}", width="stretch"):
        st.caption(then)
        return st.button(what, key=key)


def _do(do: Callable[[], object]) -> None:
    with told():
        do()
        st.rerun()
