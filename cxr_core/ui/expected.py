"""What to expect of the model without labels, beside how readers judge it."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from cxr_core.drift.audited import differ
from cxr_core.drift.expected import Estimate, Performance
from cxr_core.ui import words

FIGURES = [field.name for field in fields(Performance) if field.name != "n"]
NAMES = {"auc": "AUC"}
BLIND_TO = (
    "Expected from the model's probabilities alone, with 95 % intervals by the number of answers: right as far as they "
    "are calibrated for these patients, and blind to disease that looks otherwise than before."
)


def performance(expected: Performance, found: Performance) -> None:
    """What was expected and what was found, with intervals, and what the first can't see."""
    words.grid(*figures_of(expected, found))
    if apart := differing(expected, found):
        st.warning(apart)
    st.caption(BLIND_TO)


def figures_of(expected: Performance, found: Performance) -> tuple[list[str], list[list[str]]]:
    """The titles and the rows of the table."""
    rows = [_row(f"Expected of {expected.n} answers in this time", expected)]
    if found.n:
        rows.append(_row(f"Found of {found.n} by readers who hadn't seen them", found))
    return ["", *(NAMES.get(name, name.capitalize()) for name in FIGURES)], rows


def differing(expected: Performance, found: Performance) -> str:
    """A sentence on what was found otherwise than expected; empty where nothing was."""
    named = ", ".join(NAMES.get(name, name) for name in differ(expected, found))
    told = f"What was found isn't what was expected: {named}. The probabilities don't hold for these patients."
    return told if named else ""


def _row(title: str, figures: Performance) -> list[str]:
    return [title, *(_told(getattr(figures, name)) for name in FIGURES)]


def _told(estimate: Estimate | None) -> str:
    return words.ranged(estimate.value, (estimate.low, estimate.high), 2) if estimate else words.NONE
