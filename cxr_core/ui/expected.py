"""What to expect of the model without labels, beside how readers judge it."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from cxr_core.drift.expected import Estimate, Expected
from cxr_core.ui import words

BLIND_TO = (
    "From the model's probabilities alone, with 95 % intervals by the number of answers: right as far as they are "
    "calibrated for these patients, and blind to disease that looks otherwise than before."
)


def expected(found: Expected) -> None:
    """The figures with their intervals, and what they can't see."""
    words.grid(*figures_of(found))
    st.caption(BLIND_TO)


def figures_of(found: Expected) -> tuple[list[str], list[list[str]]]:
    """The titles and the row of the table."""
    figures = [(field.name, getattr(found, field.name)) for field in fields(found) if field.name != "n"]
    names = {"auc": "AUC"}
    titles = ["", *(names.get(name, name.capitalize()) for name, _ in figures)]
    return titles, [[f"Expected of {found.n} answers in four weeks", *(_told(estimate) for _, estimate in figures)]]


def _told(estimate: Estimate | None) -> str:
    return words.ranged(estimate.value, (estimate.low, estimate.high), 2) if estimate else words.NONE
