"""Fields that several screens have: one of some names or any of them, a device, a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import streamlit as st

from cxr_core import clock
from cxr_core.ui import words

DAYS = "YYYY-MM-DD"
"""How days are written, as everywhere else on the screens."""


def one_of(
    label: str, names: Sequence[str], key: str, width: int, otherwise: str = "any", shown: Callable[[str], str] = str
) -> str | None:
    """One of the names, or None for what `otherwise` says; kept in the page's address."""
    return st.selectbox(
        label, names, index=None, key=key, bind="query-params", placeholder=f"{label}: {otherwise}",
        format_func=shown, label_visibility="collapsed", width=width,
    )  # fmt: skip


def device(devices: Sequence[str], key: str) -> str | None:
    """One of the devices by its short name, or None for any; kept in the page's address."""
    return one_of("Device", devices, key, 150, shown=words.short)


def day(label: str, usual: date, key: str) -> date:
    """A day, which is the usual one until another is chosen."""
    return st.date_input(label, usual, key=key, format=DAYS)


def day_so_far(label: str, usual: date | None, key: str, width: int, about: str | None = None) -> date | None:
    """A day up to today, or None if that is usual and none was chosen; kept in the page's address."""
    return st.date_input(
        label, usual, clock.EARLIEST, clock.now().date(), key=key, bind="query-params", format=DAYS,
        label_visibility="collapsed", width=width, help=about,
    )  # fmt: skip
