"""History: what was read, by whom; revise one's own, export all."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role
from cxr_core.ui import words
from cxr_core.ui.history_table import MOST_SHOWN, export, filters, revise, revised, table
from cxr_core.ui.session import require_user, site
from cxr_core.work import reviewing

user = require_user(Role.RADIOLOGIST, Role.ADMIN)

with st.container(horizontal=True, vertical_alignment="center"):
    only_mine, flagged = filters()
    export(user, only_mine)
reads = reviewing.history(site().home, user.id if only_mine else None, MOST_SHOWN)
if len(reads) == MOST_SHOWN:
    st.caption(f"These are the newest {MOST_SHOWN} reads; the CSV has all of them.")
reads = [read for read in reads if not flagged or read["agrees"] == 0]
if not reads:
    words.empty("No reads to show", "Open a case from the worklist and record what you see; it is listed here at once.")
    st.stop()
rows, detail = st.columns([3.5, 1], gap="medium")
with rows:
    picked = table(reads)
asked = st.query_params.get("read")
picked = picked or next((read for read in reads if str(read["id"]) == asked), None)
revised()
with detail:
    if picked:
        revise(user, picked)
    else:
        st.caption("Click a row to look at the read, or to revise your own. A revision is a new row; nothing is lost.")
