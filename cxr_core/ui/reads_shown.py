"""What has been recorded of a case already."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from cxr_core.records import Region, User
from cxr_core.ui import walk, words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import may
from cxr_core.ui.places import place
from cxr_core.ui.session import site
from cxr_core.work.reading_room import recording
from cxr_core.work.reading_room.recording import Recorded
from cxr_core.work.reading_room.reviewing import Case, Stage


def reads_shown(case: Case, user: User, newest: Recorded | None) -> None:
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
        if read["reader"] == user.id and read["final"] and may(recording.revise, user):
            _changes(read["id"], user, newest)


def regions_shown(case: Case) -> tuple[Region, ...]:
    """What was marked in the reads that are shown."""
    return tuple(region for read in case.reads for region in read["regions"])


def recorded_last(newest: Recorded, user: User) -> None:
    """What the reader recorded last, and the ways to change it."""
    with st.container(key="recorded", gap="xxsmall"):
        st.html(f'Recorded <b class="{newest.label}">{newest.label}</b> for {escape(words.short(newest.patient))}')
        _changes(newest.read, user, newest)


def undone(taken: Recorded) -> None:
    """What was taken back of this case."""
    st.html(f'Taken back: <b class="{taken.label}">{taken.label}</b>. The case is yours again.')


def _changes(read: int, user: User, newest: Recorded | None) -> None:
    """Revise a read, and take it back if it is the one that was recorded last."""
    with st.container(horizontal=True, gap="small"):
        is_revised = st.button("Revise", key=f"revise-{read}", shortcut="E")
        is_newest = newest is not None and newest.read == read
        is_undone = is_newest and st.button("Undo", key=f"undo-{read}", shortcut="Ctrl+Z")
    if is_revised:
        st.switch_page(place("history"), query_params={"read": str(read)})
    if is_undone and newest:
        with told():
            recording.undo(site().home, user, read)
            walk.remember_undone(newest)
            st.query_params["image"] = newest.image
            st.rerun()


def _when(read: dict[str, Any]) -> str:
    """When it was recorded, and how long it took; of a revision no time was taken."""
    ago = words.ago(read["made_at"])
    return f"{ago}, in {words.spent(read['seconds'])}" if read["seconds"] else ago
