"""One's own account: role, password, and the machines on which one is signed in."""

from __future__ import annotations

from html import escape

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.ui import words
from cxr_core.ui.account import sign_out_everywhere
from cxr_core.ui.session import site, token
from cxr_core.work import accounts

MAY = {
    Role.RADIOLOGIST: "reads X-rays, and sees how the model does",
    Role.ADMIN: "decides on accounts, lists, retrains, models and the hospital's network",
    Role.AUDITOR: "sees everything, and changes nothing",
    Role.PACS_ADMIN: "connects the program with the hospital's network",
}


def own_account(user: User) -> None:
    """Who one is, the way to another password, and the open sessions with the way to end them all."""
    account = accounts.own_account(site().home, user)
    told, sessions = st.columns([1, 1.4], gap="large")
    with told:
        st.html(f"<h3>{escape(user.name)}</h3>")
        words.table([
            ("Role", f"{user.role.value}: {MAY[user.role]}"),
            ("Signs in by", "the hospital's sign-in" if account.subject else "name and password"),
            ("Account since", words.day(account.created_at)),
        ])  # fmt: skip
        if not account.subject:
            st.link_button("Change the password", "/password", type="secondary")
    with sessions:
        st.html("<h3>Signed in</h3>")
        found = accounts.own_sessions(site(), user, token())
        words.grid(
            ["Since (UTC)", "Last used", ""],
            [[words.day(each["created_at"]), words.ago(each["seen_at"]), "this browser" if each["this"] else ""]
             for each in found],
        )  # fmt: skip
        chosen = site()
        st.caption(
            f"A session ends {chosen.idle_minutes} minutes after the last click, "
            f"and {chosen.session_hours} hours after signing in."
        )
        sign_out_everywhere()
