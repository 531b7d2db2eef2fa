"""Models: the version in use and those before it, each by its card."""

from __future__ import annotations

import streamlit as st

from cxr_core.records import Role
from cxr_core.ui import words
from cxr_core.ui.card import card_page
from cxr_core.ui.session import require_user, site
from cxr_core.ui.stopping import switch
from cxr_core.work import monitoring

user = require_user(Role.RADIOLOGIST, Role.ADMIN)

versions = {version["name"]: version for version in monitoring.model_versions(site().home, user)}
if not versions:
    words.empty("No model yet", "Start the program with streamlit run app.py: it installs the program's release.")
    st.stop()
switch(user)
running = next((name for name, version in versions.items() if version["running"]), None)
names = list(versions)
chosen = st.segmented_control(
    "Version", names, key="version", default=running or names[0], required=True, bind="query-params",
    format_func=lambda name: f"{name} (in use)" if name == running else name, label_visibility="collapsed",
)  # fmt: skip
card_page(versions[chosen or names[0]])
