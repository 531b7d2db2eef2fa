"""Who is signed in, and the way out: a form of the browser's own, since only a route can take the cookie back."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr_core.records import User

FOLDER = Path(__file__).parent

_component = st.components.v2.component(
    "cxr_account",
    html='<form method="post" action="/sign-out"><span></span><button>Sign out</button></form>',
    css=(FOLDER / "account.css").read_text(encoding="utf-8"),
    js="export default ({ parentElement, data }) => { parentElement.querySelector('span').textContent = data.who }",
)


def account(user: User) -> None:
    """The user's name and role, and the button to sign out."""
    _component(key="account", data={"who": f"{user.name} · {user.role.value}"}, width="content")
