"""Removing what an admin has set up: a click that opens, and another that does."""

from __future__ import annotations

import streamlit as st


def removes(then: str, key: str) -> bool:
    """Whether the admin has confirmed to remove what stands beside it; `then` says what that means."""
    with st.popover("Remove", key=f"ask-{key}"):
        st.caption(then)
        return st.button("Remove it", key=f"remove-{key}")
