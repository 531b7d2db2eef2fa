"""Retrain (admin): from what readers flagged to a candidate, and the decision on it."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role
from cxr_core.ui.mishaps import told
from cxr_core.ui.retrain_draft import drafted, flagged, options, plan, start
from cxr_core.ui.retrain_progress import ended, is_open, live
from cxr_core.ui.retrain_result import candidate, decisions
from cxr_core.ui.session import require_user, site
from cxr_core.ui.shadow import shadow
from cxr_core.ui.words import empty
from cxr_core.work.models import retraining

user = require_user(Role.ADMIN)

job = retraining.newest_job(site().home, user)
waiting = retraining.candidate(site().home, user)
left, right = st.columns([1, 1.7], gap="large")
with left, told():
    st.html("<h3>New retrain</h3>")
    chosen = options()
    draft = drafted(user, chosen)
    plan(draft)
    start(user, chosen, draft, is_open(job))
    flagged(draft)
with right:
    if job and is_open(job):
        live(user, job.id)
    else:
        ended(job)
    if waiting:
        candidate(user, waiting)
        shadow(user, waiting["name"])
    elif not is_open(job):
        empty("No candidate", "Start a retrain when readers have flagged cases: its result is compared here.")
    st.html("<h3>Decisions</h3>")
    decisions(user)
