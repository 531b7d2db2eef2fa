"""What to expect of the model without labels, beside how readers judge it."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from cxr_core.drift.audited import differ
from cxr_core.drift.expected import Estimate, Performance
from cxr_core.ui import words

FIGURES = [field.name for field in fields(Performance) if field.name != "n"]
NAMES = {"auc": "AUC"}


def performance(expected: Performance, found: Performance) -> None:
    """What was expected and what was found, with intervals, and what the first can't see."""
    rows = [_row(f"Expected of {expected.n} answers in four weeks", expected)]
    if found.n:
        rows.append(_row(f"Found in {found.n} reads without having seen the opinion", found))
    words.grid(["", *(NAMES.get(name, name.capitalize()) for name in FIGURES)], rows)
    if apart := differ(expected, found):
        named = ", ".join(NAMES.get(name, name) for name in apart)
        st.warning(f"What was found isn't what was expected: {named}. The probabilities don't hold for these patients.")
    st.caption(
        "Expected from the model's probabilities alone, with 95 % intervals by the number of answers: right as far as "
        "they are calibrated for these patients, and blind to disease that looks otherwise than before."
    )


def _row(title: str, figures: Performance) -> list[str]:
    return [title, *(_told(getattr(figures, name)) for name in FIGURES)]


def _told(estimate: Estimate | None) -> str:
    return words.ranged(estimate.value, (estimate.low, estimate.high), 2) if estimate else words.NONE
