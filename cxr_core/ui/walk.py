"""Going from case to case on the review page: which one is on, which comes next, which was before."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cxr_core.ui.session import site
from cxr_core.work import reviewing

LONGEST_TRAIL = 50


def current() -> str | None:
    """The image in the address, if there is such a one, else the one that has waited longest."""
    asked = st.query_params.get("image")
    image = asked if asked and reviewing.is_known(site().home, asked) else reviewing.next_case(site().home)
    if image:
        _remember(image)
    return image


def following(image: str) -> str | None:
    """The case to read after `image`: the next that waits, from the top again at the end of the list."""
    after = reviewing.next_case(site().home, image) or reviewing.next_case(site().home)
    return after if after != image else None


def go(image: str, step: int) -> None:
    """Leave `image` for the next case (1) or the one seen before it (-1); stays where there is none."""
    trail: list[str] = st.session_state.get("trail", [])
    before = trail[trail.index(image) - 1] if image in trail[1:] else None
    if target := following(image) if step > 0 else before:
        st.query_params["image"] = target
        st.rerun()


def recorded() -> dict[str, Any] | None:
    """The read that was just recorded, said once."""
    return st.session_state.pop("recorded", None)


def _remember(image: str) -> None:
    trail: list[str] = st.session_state.setdefault("trail", [])
    if image not in trail:
        trail.append(image)
        del trail[:-LONGEST_TRAIL]
