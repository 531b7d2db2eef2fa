"""What has been recorded of a case already."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import Region, User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.ui.walk import Recorded, forget_read, was_recorded_here
from cxr_core.work import recording
from cxr_core.work.reviewing import Case, Stage


def reads_shown(case: Case, user: User) -> None:
    """The current reads: a radiologist sees the own one alone, an admin all. Neither sees a form."""
    if case.stage is Stage.TAKEN:
        st.caption("Somebody else reads this case, or has read it: it wants no more readers. Go on to the next.")
    elif not case.reads:
        st.caption("Not read yet. Reads are recorded by radiologists.")
    for read in case.reads:
        stance = {1: "agrees", 0: ": ".join(filter(None, ("disagrees", read["reason"])))}.get(read["agrees"], "")
        words.table([
            ("Read", f"{read['label']} {f'({stance})' if stance else ''}"),
            ("When", _when(read)),
            ("Comment", read["comment"] or words.NONE),
        ])  # fmt: skip
        if read["reader"] == user.id and read["final"]:
            _changes(read["id"], case.image["id"], user)


def regions_shown(case: Case) -> tuple[Region, ...]:
    """What was marked in the reads that are shown."""
    return tuple(region for read in case.reads for region in read["regions"])


def said_and_revisable(read: Recorded, user: User) -> None:
    """What was recorded of the case before this one, and the ways to change it."""
    with st.container(key="recorded", gap="xxsmall"):
        st.html(f'Recorded <b class="{read.label}">{read.label}</b> for {escape(words.short(read.patient))}')
        _changes(read.read, read.image, user)


def said_to_wait_again(taken: Recorded) -> None:
    """What was taken back of this case."""
    st.html(f'Taken back: <b class="{taken.label}">{taken.label}</b>. The case waits again.')


def _changes(read: int, image: str, user: User) -> None:
    """Revise a read, and take it back if it was recorded since the page was loaded."""
    with st.container(horizontal=True, gap="small"):
        revised = st.button("Revise", key=f"revise-{read}", shortcut="E")
        undone = was_recorded_here(read) and st.button("Undo", key=f"undo-{read}", shortcut="Ctrl+Z")
    if revised:
        st.switch_page(place("history"), query_params={"read": str(read)})
    if undone:
        with told():
            recording.undo(site().home, user, read)
            forget_read(read)
            st.query_params["image"] = image
            st.rerun()


def _when(read: dict[str, Any]) -> str:
    """When it was recorded, and how long it took; of a revision no time was taken."""
    ago = words.ago(read["made_at"])
    return f"{ago}, in {words.spent(read['seconds'])}" if read["seconds"] else ago
