"""Who is signed in, and the ways out: forms of the browser's own, since only a route can take the cookie back."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cxr_core.records import User
from cxr_core.ui.places import ACCOUNT, place

FOLDER = Path(__file__).parent
_CSS = (FOLDER / "account.css").read_text(encoding="utf-8")
_NOTHING_TO_DO = "export default () => {}"

_way_out = st.components.v2.component(
    "cxr_sign_out",
    html='<form method="post" action="/sign-out"><button>Sign out</button></form>',
    css=_CSS,
    js=_NOTHING_TO_DO,
)
_way_out_everywhere = st.components.v2.component(
    "cxr_sign_out_everywhere",
    html='<form method="post" action="/sign-out"><input type="hidden" name="everywhere" value="1">'
    "<button>Sign out everywhere</button></form>",
    css=_CSS,
    js=_NOTHING_TO_DO,
)


def account(user: User) -> None:
    """The user's name and role, which lead to their account, and the button to sign out."""
    st.page_link(place(ACCOUNT), label=f"{user.name} · {user.role.value}")
    _way_out(key="sign-out", width="content")


def sign_out_everywhere() -> None:
    """The button that ends all of one's sessions."""
    _way_out_everywhere(key="sign-out-everywhere", width="content")
