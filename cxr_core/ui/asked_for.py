"""What a page's address asks for and isn't there: said in words, since Streamlit drops it without any."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

import streamlit as st


def one_of(key: str, known: Container[str], what: str) -> None:
    """Say so where the address names none of those that are `known`; to be called before the field is drawn."""
    if (asked := st.query_params.get(key)) and asked not in known:
        _missed(what, asked)


def day(key: str, first: date, last: date) -> None:
    """Say so where the address names no day, or none from the first to the last; before the field is drawn."""
    if not (asked := st.query_params.get(key)):
        return
    try:
        found = date.fromisoformat(asked)
    except ValueError:
        return _missed("day", asked)
    if not first <= found <= last:
        st.warning(f"{found} can't be chosen: it lies outside {first} to {last}.")


def _missed(what: str, asked: str) -> None:
    shown = asked[:40].replace("`", "'")  # between backticks nothing is marked up
    st.warning(f"There is no {what} `{shown}`: the address is out of date, or mistyped.")
