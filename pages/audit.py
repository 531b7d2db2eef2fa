"""Audit (admin, auditor): who did what, newest first, and whether the log is whole."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.audit_filters import filters
from cxr_core.ui.audit_state import audit_state
from cxr_core.ui.audit_table import audit_table, one_row
from cxr_core.ui.session import require_user
from cxr_core.work.guarding import OVERSIGHT

user = require_user(*OVERSIGHT)

wanted = filters(user)
rows, detail = st.columns([3.5, 1], gap="medium")
with rows, st.container(key="fill-audit"):
    picked = audit_table(user, wanted)
with detail:
    if picked:
        one_row(picked)
    audit_state(user)
