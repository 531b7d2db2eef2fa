"""Retrain (admin): from what readers flagged to a candidate, and the decision on it."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.mishaps import told
from cxr_core.ui.permission import left_to, may
from cxr_core.ui.retrain_draft import drafted, flagged, options, plan, start
from cxr_core.ui.retrain_progress import ended, is_open, live
from cxr_core.ui.retrain_result import candidate, decisions
from cxr_core.ui.session import require_user, site
from cxr_core.ui.shadow import shadow
from cxr_core.ui.words import empty
from cxr_core.work.guarding import OVERSIGHT
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options

user = require_user(*OVERSIGHT)

job = retraining.newest_job(site().home, user)
waiting = retraining.candidate(site().home, user)
left, right = st.columns([1, 1.7], gap="large")
starts = may(retraining.start, user)
with left, told():
    st.html(f"<h3>{'New retrain' if starts else 'What a retrain would learn from'}</h3>")
    chosen = options() if starts else Options()
    draft = drafted(user, chosen)
    plan(draft)
    if starts:
        start(user, chosen, draft, is_open(job))
    else:
        left_to(retraining.start, "Retrains are started")
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
        when = "Start a retrain when readers have flagged cases: its result" if starts else "What a retrain brings"
        empty("No candidate", f"{when} is compared here.")
    st.html("<h3>Decisions</h3>")
    decisions(user)
