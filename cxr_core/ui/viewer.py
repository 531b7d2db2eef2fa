"""The viewer: an X-ray, and beside it the same X-ray tinted with the model's evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from cxr_core.ui.heatmaps import Drawn
from cxr_core.work.reviewing import Case

FOLDER = Path(__file__).parent
KEYS = (
    (("A", "D"), "agree or disagree with the model"),
    (("N", "P"), "your answer: Normal or Pneumonia"),
    (("1", "…", "9", "0", "U", "L"), "why you disagree"),
    (("Enter",), "record the read and go to the next case"),
    (("E",), "revise what you recorded last"),
    (("J", "→"), "next case, without recording"),
    (("K", "←"), "the case before"),
    (("H",), "heatmap on or off"),
    (("I", "F"), "invert; fit, and reset brightness and contrast"),
    (("+", "-"), "zoom (or the wheel)"),
    (("Esc",), "leave the comment, so that keys work again"),
)
STEPS = {"ArrowRight": "step-next", "ArrowLeft": "step-back"}
"""Which button an arrow key presses, by the key that the page gives it."""


def _asset(suffix: str) -> str:
    return (FOLDER / f"viewer.{suffix}").read_text(encoding="utf-8")


_component = st.components.v2.component("cxr_viewer", html=_asset("html"), css=_asset("css"), js=_asset("js"))


def picture_url(image: str) -> str:
    """The address of an image's picture."""
    return f"/images/{image}.png"


def viewer(case: Case, drawn: Drawn, following: str | None) -> None:
    """Show a case with what is drawn over it; `following` is the image to fetch ahead.

    Arrow keys press the buttons with the keys of STEPS.
    """
    data: dict[str, Any] = {
        "image": case.image["id"],
        "url": picture_url(case.image["id"]),
        "next": picture_url(following) if following else None,
        "heatmap": drawn.heatmap.tolist() if drawn.heatmap is not None else None,
        "scale": drawn.scale,
        "unit": drawn.unit,
        "title": drawn.title,
        "note": drawn.note,
        "steps": STEPS,
        "keys": [[list(keys), words] for keys, words in KEYS],
    }
    _component(key="viewer", data=data)
