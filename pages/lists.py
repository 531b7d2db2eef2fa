"""Lists: in which mode and order each worklist is read, and what is drawn for it."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui.list_form import explained, list_form
from cxr_core.ui.session import require_user, site
from cxr_core.work.guarding import OVERSIGHT
from cxr_core.work.reading_room import listing

user = require_user(*OVERSIGHT)

explained(user)
found = listing.worklists(site().home, user)
for column, each in zip(st.columns(len(found), gap="large"), found, strict=True):
    with column:
        list_form(user, each, takes_the_rest=each is found[0])
