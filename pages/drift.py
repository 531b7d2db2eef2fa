"""Drift: is what comes in still what the model knows, is it as sure as before, do readers still agree?"""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role
from cxr_core.ui import charts, words
from cxr_core.ui.alarms import alarms
from cxr_core.ui.drift_charts import agreement, few_reads, multiples
from cxr_core.ui.drift_downloads import downloads
from cxr_core.ui.drift_table import places, summary, table
from cxr_core.ui.expected import expected
from cxr_core.ui.reference_form import reference
from cxr_core.ui.session import require_user, site
from cxr_core.work import watching

user = require_user(Role.RADIOLOGIST, Role.ADMIN)

RANGES = {"4 weeks": 28, "3 months": 91, "1 year": 365}

with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
    span = st.segmented_control(
        "Time", list(RANGES), key="range", default="3 months", required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    st.caption("Each week beside the reference of the model in use: what it saw on patients kept from its training.")
if user.role is Role.ADMIN:
    alarms(user)
watch = watching.watch(site().home, user, RANGES[span or "3 months"])
if not watch.images:
    words.empty("No X-rays in this time", "Upload X-rays on the worklist, or choose a longer time.")
    st.stop()
downloads(RANGES[span or "3 months"])
summary(watch)
table(watch)
places(watch)
reference(user)
st.html("<h3>Week by week</h3>")
charts.show(multiples(watch), "multiples")
st.html("<h3>What to expect, and how readers judge</h3>")
if watch.expected.n:
    expected(watch.expected)
if watch.agreement:
    charts.show(agreement(watch.agreement, watch.releases), "agreement")
    if hollow := few_reads(watch.agreement):
        st.caption(hollow)
else:
    words.empty("No reads in this time", "Read cases on the review page: agreement is counted from them.")
