"""How a worklist is read, as its admin sets it up."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cxr_core.records import Mode, Ordering, User, Worklist
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import site
from cxr_core.work.reading_room import listing

MODES = {
    Mode.CONCURRENT: "Concurrent: the model's opinion is there at once",
    Mode.SECOND_READER: "Second reader: one's own opinion first, then the model's, then the final one",
    Mode.BLINDED: "Blinded: the model's opinion is never shown",
}
ORDERS = {
    Ordering.WAITING: "Waiting time",
    Ordering.SUSPICION: "Suspicion: most probable pneumonia first (concurrent only)",
    Ordering.UNCERTAINTY: "Uncertainty: least sure first (concurrent only)",
    Ordering.RANDOM: "At random",
}


def explained(user: User) -> None:
    """What holds for all lists."""
    if not may(listing.change, user):
        left_to(listing.change, "Lists are changed")
    st.caption(
        "A change holds for what comes in from now on: a case is read as its list was when it came. "
        "An order by what the model says tells what it says, so that it is for concurrent lists alone. "
        "Where a case is read by two, neither sees the other's read, and where they differ a third decides."
    )


def list_form(user: User, listed: Worklist, takes_the_rest: bool) -> None:
    """The settings of a list, to be changed by those who may."""
    st.html(f"<h3>{listed.name}</h3>")
    if takes_the_rest:
        st.caption("Takes whatever comes in and is not drawn for another list.")
    if not may(listing.change, user):
        _settings(listed, takes_the_rest)
        return
    with st.form(key=f"list-{listed.id}", border=False):
        mode = st.radio("How it is read", list(MODES), list(MODES).index(listed.mode), format_func=MODES.__getitem__)
        order = st.radio(
            "What goes first", list(ORDERS), list(ORDERS).index(listed.ordering), format_func=ORDERS.__getitem__
        )
        share = 0.0 if takes_the_rest else _percent("Drawn for this list, of all that comes in", listed.share)
        twice = _percent("Read by two, of this list", listed.twice)
        waited = listed.longest_wait_hours
        hours = st.number_input("Longest wait in hours, then a case goes first", 1.0, 8760.0, waited, format="%g")
        if st.form_submit_button(f"Change {listed.name}", type="primary"):
            with told():
                changed = replace(
                    listed, mode=mode, ordering=order, share=share / 100, twice=twice / 100, longest_wait_hours=hours
                )
                listing.change(site().home, user, changed)
                st.toast(f"{listed.name} is changed, for what comes in from now on.", icon=":material/check:")


def _settings(listed: Worklist, takes_the_rest: bool) -> None:
    """The same in words."""
    words.table([
        ("How it is read", MODES[listed.mode]),
        ("What goes first", ORDERS[listed.ordering]),
        ("Drawn for this list", "the rest" if takes_the_rest else words.percent(listed.share)),
        ("Read by two", words.percent(listed.twice)),
        ("Longest wait", f"{listed.longest_wait_hours:g} hours, then a case goes first"),
    ])  # fmt: skip


def _percent(label: str, share: float) -> float:
    return st.number_input(f"{label}, in %", 0.0, 100.0, 100.0 * share, step=1.0, format="%g")
