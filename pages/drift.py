"""Drift: is what comes in still what the model knows, is it as sure as before, do readers still agree?"""

from __future__ import annotations

import streamlit as st

from cxr_core.ui import charts, drift_view, words
from cxr_core.ui.alarms import alarms
from cxr_core.ui.drift_charts import agreement, few_reads, loudest, multiples
from cxr_core.ui.drift_distribution import distribution
from cxr_core.ui.drift_downloads import downloads
from cxr_core.ui.drift_network import network
from cxr_core.ui.drift_slices import slices
from cxr_core.ui.drift_table import summary, table
from cxr_core.ui.ending import end_page
from cxr_core.ui.expected import performance
from cxr_core.ui.permission import may
from cxr_core.ui.reference_form import reference
from cxr_core.ui.session import require_user
from cxr_core.work.drift import alarming
from cxr_core.work.guarding import READING_ROOM

user = require_user(*READING_ROOM)

chosen = drift_view.view(user)
if may(alarming.standing, user):
    alarms(user)
watch = drift_view.watched(user, chosen)
if not watch.images:
    drift_view.nothing(user)
    end_page()
downloads(chosen)
summary(watch)
table(watch)
reference(user)
slices(watch)
whole, drawn = st.columns([3, 2], gap="large")
with whole:
    st.html("<h3>Now beside the references</h3>")
    distribution(watch)
with drawn:
    st.html("<h3>What the network sees</h3>")
    network(user, watch)
st.html("<h3>Week by week</h3>")
every = st.toggle("All signals", key="all", bind="query-params", help="Else those that say the worst.")
charts.show(multiples(watch if every else loudest(watch)), "multiples")
st.html("<h3>What to expect, and how readers judge</h3>")
if watch.expected.n:
    performance(watch.expected, watch.audited)
if watch.agreement:
    charts.show(agreement(watch.agreement, watch.releases), "agreement")
    if hollow := few_reads(watch.agreement):
        st.caption(hollow)
else:
    words.empty("No reads in this time", f"Agreement is counted from what {words.READERS}.")
