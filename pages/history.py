"""History: what was read, by whom; revise one's own, export all."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.history_table import MOST_SHOWN, export, filters, nothing, revise, revised, table
from cxr_core.ui.permission import may
from cxr_core.ui.session import require_user, site
from cxr_core.work.guarding import READING_ROOM
from cxr_core.work.reading_room import recording, reviewing

user = require_user(*READING_ROOM)

rows, detail = st.columns([3.5, 1], gap="medium")
with rows, st.container(key="fill-reads"):
    with st.container(horizontal=True, vertical_alignment="center"):
        only_mine, flagged = filters(user)
        export(only_mine)
    reads = reviewing.history(site().home, user, user.id if only_mine else None, MOST_SHOWN)
    if len(reads) == MOST_SHOWN:
        st.caption(f"These are the newest {MOST_SHOWN} reads; the CSV has all of them.")
    shown = [read for read in reads if not flagged or read["agrees"] == 0]
    if not shown:
        nothing(user, len(reads))
    elif clicked := table(shown):
        st.query_params["read"] = str(clicked["id"])
# The address says which read is looked at: a place in the table is another read as soon as the rows move.
asked = st.query_params.get("read")
picked = next((read for read in reads if str(read["id"]) == asked), None)
revised()
with detail:
    if picked:
        revise(user, picked)
    elif shown:
        own = ", or to revise your own" if may(recording.revise, user) else ""
        st.caption(f"Click a row to look at the read{own}. A revision is a new row; nothing is lost.")
