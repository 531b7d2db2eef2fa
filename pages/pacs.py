"""PACS (admin): what comes in over the hospital's network, what goes back, and by which rules."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.archive_view import archive_view
from cxr_core.ui.destination_list import destination_list
from cxr_core.ui.ledger_table import ledger_table
from cxr_core.ui.pacs_status import status
from cxr_core.ui.quarantine_view import quarantine_view
from cxr_core.ui.rule_list import rule_list
from cxr_core.ui.sender_list import sender_list
from cxr_core.ui.session import require_user
from cxr_core.ui.traffic_view import traffic_view
from cxr_core.work.guarding import NETWORK_SEEN

user = require_user(*NETWORK_SEEN)

PARTS = {
    "Traffic": traffic_view,
    "Ledger": ledger_table,
    "Quarantine": quarantine_view,
    "Senders": sender_list,
    "Archives": archive_view,
    "Destinations": destination_list,
    "Rules": rule_list,
}
status(user)
part = st.segmented_control(
    "Show", list(PARTS), key="part", default="Traffic", required=True, bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
PARTS[part or "Traffic"](user)
