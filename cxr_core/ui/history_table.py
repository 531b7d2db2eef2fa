"""What was read, superseded reads included; a change of mind is a new row."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core import clock
from cxr_core.records import CLASSES, Label, Reason, User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.ui.worklist_table import COLOURS, ROW_PIXELS
from cxr_core.work import reviewing
from cxr_core.work.reviewing import ReadForm

MOST_SHOWN = 2000
"""Reads that the page fetches: drawing a table of more would make it wait."""
MOST_ROWS_SEEN = 20
GREY = "#6c777e"


def filters() -> tuple[bool, bool]:
    """Whether only the own reads, and only those that disagree with the model."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        whose = st.segmented_control(
            "Whose", ["All", "Mine"], key="whose-reads", default="All", required=True, bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        flagged = st.toggle("Only disagreements", key="flagged", bind="query-params")
        st.space("stretch")
    return whose == "Mine", flagged


def table(reads: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The reads, newest first; returns the one whose row was clicked."""
    # The key is bound to what is shown: a selection is a place in the table, and must not outlive another order.
    shown = f"reads-{len(reads)}-{reads[0]['id']}-{reads[-1]['id']}"
    picked = st.dataframe(
        _frame(reads).style.apply(_coloured, axis=1), key=shown, hide_index=True, row_height=ROW_PIXELS,
        height=ROW_PIXELS * (min(len(reads), MOST_ROWS_SEEN) + 1) + 8, on_select="rerun", selection_mode="single-cell",
        column_config=_columns(), placeholder=words.NONE,
    )  # fmt: skip
    cells = picked["selection"]["cells"]
    return reads[cells[0][0]] if cells else None


def _frame(reads: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "No.": read["id"],
            "When": words.day(read["made_at"]),
            "Reader": read["reader"],
            "Patient": words.short(read["patient"]),
            "Model said": read["model_label"] or "not analysed",
            "P": words.points(read["probability"]),
            "Version": read["model"],
            "Read": read["label"],
            "Stance": {1: "agrees", 0: "disagrees"}.get(read["agrees"], ""),
            "Reason": read["reason"] or "",
            "Comment": read["comment"],
            "Seconds": read["seconds"],
            "State": "current" if read["current"] else "superseded",
        }
        for read in reads
    ])  # fmt: skip


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "No.": column.NumberColumn(width=50, format="%d"),
        "P": column.NumberColumn("P(pneumonia)", width=90, format="%.1f %%"),
        "Seconds": column.NumberColumn(width=64, format="%.0f s"),
    }


def _coloured(row: pd.Series) -> list[str]:
    if row["State"] == "superseded":
        return [f"color: {GREY}; text-decoration: line-through"] * len(row)
    by_column = {"Model said": COLOURS.get(row["Model said"], GREY), "Read": COLOURS.get(row["Read"], GREY)}
    return [f"color: {by_column[name]}" if name in by_column else "" for name in row.index]


def export(user: User, only_mine: bool) -> None:
    """The button that writes the CSV when it is pressed, not before: every export is on record."""
    home, reader = site().home, user.id if only_mine else None
    name = f"reads-{clock.now():%Y-%m-%d}.csv"
    st.download_button(
        "Export as CSV", data=lambda: reviewing.history_csv(home, user, reader), file_name=name, mime="text/csv",
        key="export", help="Every read that these reads are taken from; the export is written into the audit chain.",
    )  # fmt: skip


def revised() -> None:
    """Say once that a revision was recorded."""
    if said := st.session_state.pop("revised", None):
        st.toast(said, icon=":material/check:")


def revise(user: User, read: dict[str, Any]) -> None:
    """The read that was picked, and the form with which its own reader may supersede it."""
    st.html(f"<h3>Read {read['id']}: patient {escape(words.short(read['patient']))}</h3>")
    st.page_link(place("review"), label="Look at the X-ray", query_params={"image": read["image"]})
    if not read["current"]:
        st.caption("This read was superseded by a later one.")
    elif read["reader"] != user.name:
        st.caption(f"Only {read['reader']} may revise this read.")
    else:
        _form(user, read)


def _form(user: User, read: dict[str, Any]) -> None:
    with st.form(key=f"revise-{read['id']}", border=False):
        labels, reasons = [label.value for label in CLASSES], [reason.value for reason in Reason]
        label = st.radio("Your answer now", labels, index=labels.index(read["label"]), horizontal=True)
        why = reasons.index(read["reason"]) if read["reason"] in reasons else None
        reason = st.selectbox("Why the model is wrong, where it is", reasons, index=why)
        comment = st.text_area("Comment (no names)", read["comment"], max_chars=reviewing.LONGEST_COMMENT, height=80)
        if st.form_submit_button("Record the revision", type="primary"):
            with told():
                seen = _shown_prediction(read)
                form = ReadForm(read["image"], seen, Label(label), Reason(reason) if reason else None, comment or "")
                newer = reviewing.revise(site().home, user, read["id"], form)
                st.session_state["revised"] = f"Read {read['id']} is superseded by read {newer}: {label}."
                st.query_params["read"] = str(newer)
                st.rerun()


def _shown_prediction(read: dict[str, Any]) -> int | None:
    """The prediction that the reader had seen: a revision answers the same one."""
    return int(read["prediction"]) if read["prediction"] is not None else None
