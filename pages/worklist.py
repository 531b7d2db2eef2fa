"""Worklist: what waits to be read, and the way in for X-rays."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.demo_progress import demo_progress
from cxr_core.ui.permission import may
from cxr_core.ui.places import place
from cxr_core.ui.session import require_user
from cxr_core.ui.uploads import uploads
from cxr_core.ui.worklist_table import counts, filters, first_waiting, list_chosen, table
from cxr_core.work.guarding import READING_ROOM
from cxr_core.work.reading_room import recording

user = require_user(*READING_ROOM)

demo_progress()
cases, way_in = st.columns([3.5, 1], gap="medium")
with cases, st.container(key="fill-cases"):
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        counts(user)
        listed = list_chosen(user)
        st.space("stretch")
        beginning = st.container(width="content")
    chosen = filters(user, listed)
    picked = table(user, chosen, listed)
    first = first_waiting(user, chosen)
    words = "Read the next case" if may(recording.submit, user) else "Look at the next case"
    start = beginning.button(words, type="primary", shortcut="Enter", disabled=first is None)
with way_in, st.container(key="fill-uploads"):
    uploads(user)
if image := picked or (first if start else None):
    st.switch_page(place("review"), query_params={"image": image})
