"""What was read, superseded reads included; a change of mind is a new row."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core.records import CLASSES, Label, Reason, User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.places import link_to_versions, place
from cxr_core.ui.session import site
from cxr_core.ui.tall_table import clicked_row
from cxr_core.ui.worklist_table import COLOURS
from cxr_core.work.reading_room import recording
from cxr_core.work.reading_room.recording import ReadForm

MOST_SHOWN = 2000
"""Reads that the page fetches: drawing a table of more would make it wait."""
GREY = "#6c777e"


def filters(user: User) -> tuple[bool, bool]:
    """Whether only the own reads, which whoever reads has alone, and only those that disagree with the model."""
    whose: str | None = "All"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if may(recording.submit, user):
            whose = st.segmented_control(
                "Whose", ["All", "Mine"], key="whose-reads", default="All", required=True, bind="query-params",
                label_visibility="collapsed",
            )  # fmt: skip
        flagged = st.toggle("Only disagreements", key="flagged", bind="query-params")
        st.space("stretch")
    return whose == "Mine", flagged


def nothing(user: User, hidden: int) -> None:
    """No read is shown; `hidden` is how many the filters leave out."""
    if hidden:
        all_of_them = words.how_many(hidden, "reads")
        what_next = f"Of {all_of_them} none disagrees with the model: they are shown without Only disagreements."
    elif may(recording.submit, user):
        what_next = "Open a case from the worklist and record what you see; it is listed here."
    else:
        what_next = f"What {words.READERS} is listed here."
    words.empty("No reads to show", what_next)


def table(reads: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The reads, newest first; returns the one whose row was clicked."""
    styled = _frame(reads).style.apply(_coloured, axis=1)
    picked = clicked_row(styled, [read["id"] for read in reads], _columns())
    return None if picked is None else reads[picked]


def _frame(reads: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([
        {
            "No.": read["id"],
            "When": words.day(read["made_at"]),
            "Reader": read["reader"],
            "Patient": words.short(read["patient"]),
            "Model said": (read["model_label"] or "not analysed") if read["revealed"] else "",
            "P": words.points(read["probability"]),
            "Version": read["model"],
            "Read": read["label"],
            "Stance": {1: "agrees", 0: "disagrees"}.get(read["agrees"], ""),
            "Reason": read["reason"] or "",
            "Comment": read["comment"],
            "Seconds": read["seconds"] and words.rounded(read["seconds"]),
            "Saw": words.saw(read["seen"]),
            "State": _state(read),
        }
        for read in reads
    ])  # fmt: skip


def _state(read: dict[str, Any]) -> str:
    if read["withdrawn"]:
        return "taken back"
    if not read["current"]:
        return "superseded"
    return "current" if read["final"] else "first"


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "No.": column.NumberColumn(width=42, format="%d"),
        "When": column.TextColumn("When (UTC)", width=112),
        "Reader": column.TextColumn(width=76),
        "Patient": column.TextColumn(width=72),
        "Model said": column.TextColumn(width=78),
        "P": column.NumberColumn("P(pneum.)", width=72, format="%.1f %%"),
        "Version": column.TextColumn(width=96),
        "Read": column.TextColumn(width=74),
        "Stance": column.TextColumn(width=64),
        "Reason": column.TextColumn(width=90),
        "Seconds": column.NumberColumn("Time", width=50, format="%g s"),
        "Saw": column.TextColumn(width=58, help="What the reader had seen of the model's opinion"),
        "State": column.TextColumn(width=76),
    }


def _coloured(row: pd.Series) -> list[str]:
    if row["State"] in ("superseded", "taken back"):
        return [f"color: {GREY}; text-decoration: line-through"] * len(row)
    by_column = {"Model said": COLOURS.get(row["Model said"], GREY), "Read": COLOURS.get(row["Read"], GREY)}
    return [f"color: {by_column[name]}" if name in by_column else "" for name in row.index]


def export(only_mine: bool) -> None:
    """The way to the CSV, which is written when it is asked for, not before: every export is on record.

    A link to a route of ours: Streamlit's own download loses the file when a page is drawn anew meanwhile.
    """
    address = "/history.csv?whose=mine" if only_mine else "/history.csv"
    what = "Every read that these reads are taken from; the export is written into the audit chain."
    st.html(f'<a class="button" href="{address}" title="{what}">Export as CSV</a>', width="content")


def revised() -> None:
    """Say once that a revision was recorded."""
    if said := st.session_state.pop("revised", None):
        st.toast(said, icon=":material/check:")


def revise(user: User, read: dict[str, Any]) -> None:
    """The read that was picked, and the form with which its own reader may supersede it."""
    st.html(f"<h3>Read {read['id']}: patient {escape(words.short(read['patient']))}</h3>")
    st.page_link(place("review"), label="Look at the X-ray", query_params={"image": read["image"]})
    if read["revealed"]:
        link_to_versions(read["image"])
    if not read["current"] or read["withdrawn"]:
        st.caption("This read was superseded by a later one." if not read["current"] else "This read was taken back.")
    elif not read["final"]:
        st.caption("A first opinion stays as it is; the final one is given on the review page.")
    elif read["reader"] != user.name or not may(recording.revise, user):
        st.caption(f"Only {read['reader']} may revise this read, as a radiologist.")
    else:
        _form(user, read)


def _form(user: User, read: dict[str, Any]) -> None:
    with st.form(key=f"revise-{read['id']}", border=False):
        labels, reasons = [label.value for label in CLASSES], [reason.value for reason in Reason]
        label = st.radio("Your answer now", labels, index=labels.index(read["label"]), horizontal=True)
        why = reasons.index(read["reason"]) if read["reason"] in reasons else None
        reason = st.selectbox("Why the model is wrong, where it is", reasons, index=why) if read["revealed"] else None
        comment = st.text_area("Comment (no names)", read["comment"], max_chars=recording.LONGEST_COMMENT, height=80)
        if st.form_submit_button("Record the revision", type="primary"):
            with told():
                why_not = Reason(reason) if reason else None
                # A revision answers the opinion that its reader had seen.
                form = ReadForm(
                    read["image"], read["prediction"], Label(label), why_not, comment or "", read["regions"]
                )
                newer = recording.revise(site().home, user, read["id"], form)
                st.session_state["revised"] = f"Read {read['id']} is superseded by read {newer}: {label}."
                st.query_params["read"] = str(newer)
                st.rerun()
