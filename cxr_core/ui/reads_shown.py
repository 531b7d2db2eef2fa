"""What has been recorded of a case already."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import Region, Role, User
from cxr_core.ui import words
from cxr_core.ui.places import place
from cxr_core.ui.walk import Recorded
from cxr_core.work.reviewing import Case


def reads_shown(case: Case, user: User) -> None:
    """The current reads: a radiologist sees the own one alone, an admin all. Neither sees a form."""
    shown = _shown(case, user)
    if not shown:
        st.caption("Not read yet. Reads are recorded by radiologists.")
    for read in shown:
        stance = {1: "agrees", 0: f"disagrees: {read['reason']}"}.get(read["agrees"], "")
        words.table([
            ("Read", f"{read['label']} {f'({stance})' if stance else ''}"),
            ("When", _when(read)),
            ("Comment", read["comment"] or words.NONE),
        ])  # fmt: skip
        if read["reader"] == user.id:
            _revise(read["id"])


def regions_shown(case: Case, user: User) -> tuple[Region, ...]:
    """What was marked in the reads that this user is shown."""
    return tuple(region for read in _shown(case, user) for region in read["regions"])


def _shown(case: Case, user: User) -> list[dict[str, Any]]:
    return [read for read in case.reads if user.role is Role.ADMIN or read["reader"] == user.id]


def said_and_revisable(read: Recorded) -> None:
    """What was recorded of the case before this one, and the way to change it."""
    with st.container(key="recorded", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'Recorded <b class="{read.label}">{read.label}</b> for {escape(words.short(read.patient))}')
        _revise(read.read)


def _revise(read: int) -> None:
    if st.button("Revise", key=f"revise-{read}", shortcut="E"):
        st.switch_page(place("history"), query_params={"read": str(read)})


def _when(read: dict[str, Any]) -> str:
    """When it was recorded, and how long it took; of a revision no time was taken."""
    ago = words.ago(read["made_at"])
    return ago if read["supersedes"] else f"{ago}, in {words.spent(read['seconds'])}"
