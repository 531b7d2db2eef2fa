"""Models: every version in its family tree; its card, several side by side, and what each said of one case."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui import words
from cxr_core.ui.card import card_page
from cxr_core.ui.ending import end_page
from cxr_core.ui.family import chosen
from cxr_core.ui.one_case import one_case
from cxr_core.ui.permission import may
from cxr_core.ui.retire_form import retire_form
from cxr_core.ui.session import require_user, site
from cxr_core.ui.side_by_side import side_by_side
from cxr_core.ui.stopping import switch
from cxr_core.work.guarding import READING_ROOM
from cxr_core.work.models import registry

user = require_user(*READING_ROOM)

versions = registry.family(site().home, user)
if not versions:
    words.empty("No model yet", "Start the program with streamlit run app.py: it installs the program's release.")
    end_page()
switch(user)
version = chosen(versions)
card, beside, case = "Card", "Side by side", "One case"
image = st.query_params.get("image", "")
# The key holds the image, so that who comes here for another one finds its part chosen.
section = st.segmented_control(
    "Show", [card, beside, case], key=f"show {image}", default=case if image else card, required=True,
    label_visibility="collapsed",
)  # fmt: skip
if section == beside:
    side_by_side(user, versions, version)
elif section == case:
    one_case(user, versions, image)
else:
    card_page(version)
    if may(registry.retire, user):
        retire_form(user, version)
