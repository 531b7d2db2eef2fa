"""Lineage (admin): where an opinion or a model comes from, where a patient went, and erasing a patient."""

from __future__ import annotations

import streamlit as st

from cxr_core.ui import words
from cxr_core.ui.erase_form import erase_form, erased
from cxr_core.ui.lineage_tables import of_model, of_patient, of_prediction
from cxr_core.ui.mishaps import told
from cxr_core.ui.session import require_user, site
from cxr_core.work.guarding import OVERSIGHT
from cxr_core.work.models import lineage

user = require_user(*OVERSIGHT)

wanted = st.text_input(
    "A model's name, an image's id or a patient's pseudonym (the first eight digits will do), or the patient's own ID",
    key="of", max_chars=200,
)  # fmt: skip
erased()
if wanted:
    with told():
        found = lineage.find(site().home, user, wanted)
        if isinstance(found, lineage.OfPatient):
            of_patient(found)
            if found.images:
                erase_form(user, found)
        elif isinstance(found, lineage.OfPrediction):
            of_prediction(found)
        else:
            of_model(found)
else:
    words.empty(
        "Nothing asked for yet", "Enter what you look for: it leads to what it came from, or to what learnt of it."
    )
