"""Taking a version out of reach, for those who may."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.work.models import registry
from cxr_core.work.models.registry import Version


def retire_form(user: User, version: Version) -> None:
    """Retire this version, with a reason; or why that can't be done."""
    with st.expander(f"Retire {version.name}"):
        if version.kept:
            st.caption(f"{version.kept}.")
            return
        st.caption("For good: it can be neither promoted nor rolled back to. It stays on record, with all it said.")
        reason = st.text_input("Reason", key=f"reason-retire-{version.name}", max_chars=500, placeholder=words.WHY)
        if st.button("Retire", key="retire"):
            with told():
                registry.retire(site().home, user, version.name, reason)
                st.rerun()
