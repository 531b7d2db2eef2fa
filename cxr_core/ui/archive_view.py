"""Archives that are asked for X-rays: what they have on the left; on the right their list, and what comes by itself."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import User
from cxr_core.ui import words
from cxr_core.ui.archive_list import archive_list
from cxr_core.ui.archive_search import archive_search
from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may, who_may
from cxr_core.ui.session import site
from cxr_core.ui.web_address import web_address
from cxr_core.work.hospital import connecting, pulling


def archive_view(user: User) -> None:
    """The search, the archives, and the form for one more."""
    found = pulling.all_sources(site().home, user)
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        if found and may(pulling.search, user):
            archive_search(user, found)
        elif found:
            left_to(pulling.search, "Archives are asked what they have")
        elif not may(pulling.add_source, user):
            words.empty("No archive is asked", f"One is added by {who_may(pulling.add_source)}.")
        else:
            words.empty("No archive is asked", "Add one on the right: X-rays that it has can be fetched from there.")
    with right:
        if found:
            st.html("<h3>Archives</h3>")
            archive_list(user, found)
        if may(pulling.add_source, user):
            with st.expander("Add an archive", expanded=not found):
                _form(user, len(found))


def _form(user: User, number: int) -> None:
    with st.form(key=f"archive-{number}", border=False):
        name = st.text_input("Name", max_chars=connecting.LONGEST_NAME, placeholder="PACS")
        web = web_address()
        if st.form_submit_button("Add it", type="primary", key="add-archive"):
            with told():
                pulling.add_source(site().home, user, name, web)
                st.rerun()
