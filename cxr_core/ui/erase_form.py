"""Erasing a patient: what goes and which models learnt from it, and a confirmation that can't be clicked by chance."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.lineage_tables import learnt, model_link
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.session import site
from cxr_core.work.models.lineage import OfPatient, Touched
from cxr_core.work.privacy import erasing
from cxr_core.work.privacy.erasing import Erasure

DONE = "erased"
"""Key of the session state: what was just erased, to be told once."""


def erase_form(user: User, found: OfPatient) -> None:
    """What would go, the models that keep what they learnt, a reason, and the pseudonym's beginning typed again."""
    code = words.short(found.patient)
    st.html("<h3>Erase this patient</h3>")
    _said(erasing.preview(site().home, user, found.patient), "would go")
    if not may(erasing.erase, user):
        left_to(erasing.erase, "Patients are erased")
        return
    with st.form(key="erase", border=False):
        reason = st.text_input("Reason, kept with the tombstones: name nobody in it", key="erase-reason", max_chars=500)
        typed = st.text_input(f"Type {code} to confirm; this can't be taken back", key="erase-code", max_chars=64)
        if st.form_submit_button("Erase", key="erase-now"):
            with told():
                if typed.strip() != code:
                    st.error(f"Nothing was erased: type {code} to confirm.")
                else:
                    st.session_state[DONE] = erasing.erase(site().home, user, found.patient, reason)
                    st.rerun()


def erased() -> None:
    """What was erased just now, told once."""
    done: Erasure | None = st.session_state.pop(DONE, None)
    if done is None:
        return
    st.success(f"{done.patient} is erased; the tombstones stay.")
    if not done.finished:
        st.warning("A file or the database couldn't be cleared: what is left of it goes at the program's next start.")
    _said(done, "went")


def _said(found: Erasure, verb: str) -> None:
    counts = [words.how_many(number, table.replace("_", " ")) for table, number in found.rows.items() if number]
    rows = ", ".join(counts)
    st.caption(f"{rows[:1].upper()}{rows[1:]} {verb}, with their files and pictures. Hashes and pseudonyms stay.")
    if found.exported:
        st.warning(f"Copies that were exported are out of the program's reach; erase them by hand: {_exports(found)}.")
    touched = learnt(found.models)
    if not touched:
        st.caption("No model learnt from this patient.")
        return
    st.warning(
        "Erasing doesn't reach into weights. These models learnt from the patient, and keep what they learnt until "
        "they are retired, or another is retrained without the patient:"
    )
    st.html(f'<ul class="tree">{"".join(_line(model) for model in touched)}</ul>')


def _exports(found: Erasure) -> str:
    each = (f"{words.day(row['at'])} by {row['actor']} (set {words.short(row['subject'])})" for row in found.exported)
    return ", ".join(each)


def _line(touched: Touched) -> str:
    return f"<li>{model_link(touched.model)} {touched.how}{', in use' if touched.running else ''}</li>"
