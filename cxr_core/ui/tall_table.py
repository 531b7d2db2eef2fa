"""A table of dense rows that takes the height at hand, and no more than its rows need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from cxr_core.ui import words
from cxr_core.ui.colours import GREY

ROW_PIXELS = 28
HEAD_PIXELS = 34
"""The row of titles and the border."""
LOW = 2
"""Rows of a table that gives no way where the window is low; the style sheet gives others the height of three."""


def coloured(rows: pd.DataFrame, titles: Sequence[str], colours: Mapping[Any, str]) -> Styler:
    """The rows with the words under some titles in their colours, and in grey where they have none."""
    return rows.style.map(lambda word: f"color: {colours.get(word, GREY)}", subset=list(titles))


def clicked_row(rows: Any, ids: Sequence[object], columns: dict[str, Any]) -> int | None:
    """Show the rows (a styled frame); returns the place of the one that was clicked.

    `ids` says which rows these are: a selection is a place in the table, and must not outlive other rows.
    Stands in a container whose key begins with `fill`: the style sheet ends that one with the window.
    """
    key = "table" if len(rows.index) > LOW else "table-low"
    with st.container(key=key, height=ROW_PIXELS * len(rows.index) + HEAD_PIXELS, border=False):
        picked = st.dataframe(
            rows, key=f"rows {hash(tuple(ids))}", hide_index=True, row_height=ROW_PIXELS, height="stretch",
            on_select="rerun", selection_mode="single-cell", column_config=columns, placeholder=words.NONE,
        )  # fmt: skip
    cells = picked["selection"]["cells"]
    return int(cells[0][0]) if cells else None
