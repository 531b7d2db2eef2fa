"""The rows of the audit log, newest first, a page at a time, and all that one of them tells."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from cxr_core.records import User
from cxr_core.store.audit_search import Wanted
from cxr_core.ui import words
from cxr_core.ui.colours import AMBER, BLUE, DIM, GREEN, RED, VIOLET
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.ui.tall_table import clicked_row
from cxr_core.work.auditing import browsing
from cxr_core.work.auditing.actions import ACTIONS, FAILED, Group

PAGE = 200
BEFORE = "audit before"
"""Key of the session state: the page that is on begins before the row with this number, for these filters."""
COLOURS = {
    Group.VIEW: BLUE, Group.READ: GREEN, Group.EXPORT: AMBER, Group.MODEL: VIOLET, Group.PRIVACY: RED,
    Group.LOG: DIM, Group.ACCOUNTS: AMBER, Group.SETTING: AMBER,
}  # fmt: skip
_IMAGE = re.compile(r"[0-9a-f]{64}")


def audit_table(user: User, wanted: Wanted) -> dict[str, Any] | None:
    """A page of rows with the way to older ones; returns the row that was clicked."""
    before = _before(wanted)
    found = browsing.page(site().home, user, wanted, PAGE, before)
    if not found:
        words.empty("No such row", "Nothing in the log fits these filters. Clear them, or choose others.")
        return None
    styled = pd.DataFrame(list(map(row_of, found))).style.map(_coloured, subset=["What"])
    picked = clicked_row(styled, [event["id"] for event in found], _columns())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        first, last = found[0]["id"], found[-1]["id"]
        st.caption(f"Rows {first} to {last}", width="content")
        st.button("Newest", key="newest", disabled=before is None, on_click=_turn, args=(wanted, None))
        st.button("Older", key="older", disabled=len(found) < PAGE, on_click=_turn, args=(wanted, last))
    return None if picked is None else found[picked]


def _before(wanted: Wanted) -> int | None:
    """Where the page begins; other filters begin with the newest row."""
    kept: tuple[Wanted, int | None] = st.session_state.get(BEFORE, (wanted, None))
    return kept[1] if kept[0] == wanted else None


def _turn(wanted: Wanted, before: int | None) -> None:
    st.session_state[BEFORE] = (wanted, before)


def row_of(event: dict[str, Any]) -> dict[str, Any]:
    """An event as a row of the table."""
    return {
        "No.": event["id"],
        "When": event["at"][:19].replace("T", " "),
        "Who": event["actor"],
        "What": event["action"],
        "About": words.short(event["subject"]) if _is_long(event["subject"]) else event["subject"],
        "Details": ", ".join(f"{name}: {said(value)}" for name, value in event["details"].items()),
    }


def said(value: Any) -> str:
    """A detail in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(said, value))
    return words.NONE if value is None else words.short(value) if _is_long(value) else str(value)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and bool(_IMAGE.fullmatch(value.rpartition("-")[2]))


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "No.": column.NumberColumn(width=70, format="%d"),
        "When": column.TextColumn("When (UTC)", width=140),
        "Who": column.TextColumn(width=110),
        "What": column.TextColumn(width=150),
        "About": column.TextColumn(width=130),
        "Details": column.TextColumn(width=420),
    }


def _coloured(action: Any) -> str:
    known = ACTIONS.get(action)
    return f"color: {RED if action in FAILED else COLOURS.get(known.group, DIM) if known else DIM}"


def one_row(event: dict[str, Any]) -> None:
    """All that a row tells, and the way to the image that it is about."""
    known = ACTIONS.get(event["action"])
    st.html(f"<h3>Row {event['id']}: {escape(event['action'])}</h3>")
    if known:
        st.caption(f"{known.words}.")
    details = [(name, said(value)) for name, value in event["details"].items()]
    about = [("About", words.short(event["subject"]) if _is_long(event["subject"]) else event["subject"] or words.NONE)]
    words.table([("When (UTC)", event["at"][:19].replace("T", " ")), ("Who", event["actor"]), *about, *details])
    st.caption(f"Seal {event['hash'][:16]}…")
    if _IMAGE.fullmatch(event["subject"]):
        st.page_link(place("review"), label="Look at the X-ray", query_params={"image": event["subject"]})
        st.page_link(place("audit"), label="All about this image", query_params={"about": event["subject"]})
