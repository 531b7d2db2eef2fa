"""What has been recorded of a case already."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.ui import words
from cxr_core.ui.places import place
from cxr_core.work.reviewing import Case


def reads_shown(case: Case, user: User) -> None:
    """The current reads: a radiologist sees the own one alone, an admin all. Neither sees a form."""
    shown = [read for read in case.reads if user.role is Role.ADMIN or read["reader"] == user.id]
    if not shown:
        st.caption("Not read yet. Reads are recorded by radiologists.")
    for read in shown:
        stance = {1: "agrees", 0: f"disagrees: {read['reason']}"}.get(read["agrees"], "")
        words.table([
            ("Read", f"{read['label']} {f'({stance})' if stance else ''}"),
            ("When", f"{words.ago(read['made_at'])}, in {read['seconds']:.0f} s"),
            ("Comment", read["comment"] or words.NONE),
        ])  # fmt: skip
        if read["reader"] == user.id and st.button("Revise", key=f"revise-{read['id']}", shortcut="E"):
            st.switch_page(place("history"), query_params={"read": str(read["id"])})
