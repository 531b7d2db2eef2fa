"""First passwords that were just given: each is shown until the admin has passed it on, and is kept nowhere else."""

from __future__ import annotations

from html import escape

import streamlit as st

GIVEN = "passwords given to people"
"""Key of the session state: first passwords by name."""


def give(name: str, password: str) -> None:
    """Have it shown from now on, beside those that were given before."""
    st.session_state[GIVEN] = {**st.session_state.get(GIVEN, {}), name: password}


def first_passwords() -> None:
    """All that were not yet passed on: then nobody knows them but whom they were given to."""
    for name, password in st.session_state.get(GIVEN, {}).items():
        first = f"The first password of {escape(name)}, kept nowhere and shown only now."
        st.html(f'<div class="deaf">{first} It opens the choice of another.</div>')
        st.code(password, language=None)
        # By name: a press that the server hears too late takes nobody else's away.
        st.button("I have passed it on", key=f"passed-on-{name}", on_click=_passed_on, args=(name,))


def _passed_on(name: str) -> None:
    st.session_state[GIVEN] = {each: it for each, it in st.session_state.get(GIVEN, {}).items() if each != name}
