"""The site's reference: which stands, since when and why, and for admins the form that freezes the next one."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role, User
from cxr_core.store.site_references import Frozen
from cxr_core.ui import words
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import site
from cxr_core.work import freezing
from cxr_core.work.freezing import FEWEST, MOST


def reference(user: User) -> None:
    """The reference that stands, those before it, and the form."""
    found = freezing.frozen(site().home, user)
    title = f"The site's reference: {_told(found[0])}" if found else "The site has no reference of its own yet"
    with st.expander(title):
        st.caption(
            f"Up to {MOST} X-rays of this site, {FEWEST} at least, kept as counts for good: headers, devices and views "
            "are compared with them, and pictures are shown from them. A new one begins with what came after the last."
        )
        if user.role is Role.ADMIN:
            _form(user, len(found))
        if found:
            words.grid(
                ["Number", "X-rays", "From", "To", "Model", "Frozen (UTC)", "By", "Reason"], list(map(_row, found))
            )


def _form(user: User, number: int) -> None:
    available = freezing.available(site().home, user)
    if available < FEWEST:
        st.caption(f"{available} X-rays could go into the next one; {FEWEST} are needed.")
        return
    with st.form(key=f"freeze-{number}", border=False):
        reason = st.text_input("Reason", max_chars=500, placeholder="Why these? It is kept with the reference")
        if st.form_submit_button(f"Freeze {available} X-rays as the site's reference", key="freeze"):
            with told():
                freezing.freeze(site().home, user, reason)
                st.rerun()


def _told(found: Frozen) -> str:
    return f"{found.images} X-rays from {words.day(found.first_at)} to {words.day(found.last_at)}"


def _row(found: Frozen) -> list[str]:
    return [str(found.id), str(found.images), words.day(found.first_at), words.day(found.last_at), found.model,
            words.day(found.frozen_at), found.frozen_by, found.reason]  # fmt: skip
