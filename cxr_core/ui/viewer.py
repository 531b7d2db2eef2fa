"""The viewer: an X-ray, and beside it or under it the model's evidence. What it does lies in web/."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from cxr_core.records import Floats, Region, Shape
from cxr_core.ui.heatmaps import Drawn
from cxr_core.ui.keys import KEYS, STEPS
from cxr_core.ui.priors import Beside
from cxr_core.work.reading_room import explaining
from cxr_core.work.reading_room.reviewing import Case

KEY = "viewer"
WEB = Path(__file__).parent / "web"


def loader(module: str) -> str:
    """What Streamlit is to run for a component whose module lies in WEB.

    Modules import each other by their addresses, which the blob that Streamlit makes of this text doesn't have.
    """
    return f"const {{ show }} = await import(`${{location.origin}}/viewer/{module}`);\nexport default show;\n"


_component = st.components.v2.component(
    "cxr_viewer",
    html=(WEB / "viewer.html").read_text(encoding="utf-8"),
    css=(WEB / "viewer.css").read_text(encoding="utf-8"),
    js=loader("main.js"),
)


def picture_url(image: str) -> str:
    """The address of an image's picture."""
    return f"/images/{image}"


def thumbnail_url(image: str) -> str:
    """The address of an image as a small PNG."""
    return f"{picture_url(image)}/thumbnail"


def heatmap_url(image: str, heatmap: Floats) -> str:
    """The address of one of an image's heatmaps."""
    return f"{picture_url(image)}/heatmaps/{explaining.digest(heatmap)}"


@dataclass(frozen=True)
class Around:
    """What goes with a case."""

    following: list[str]
    """The images to fetch ahead."""
    prior: Beside | None
    """An earlier X-ray to compare with."""
    regions: tuple[Region, ...] | None
    """Those to show, or None where the reader may mark some."""


def viewer(case: Case, drawn: Drawn, around: Around) -> None:
    """Show a case with what is drawn over it. The keys in STEPS press the buttons that the page has for them.

    The viewer shows the next case before the page does. So that nobody sees it beside what is said of another one, or
    records anything of that, the page puts what it says of a case between two `said_of`: it is hidden until both are
    there.
    """
    image = case.image["id"]
    data: dict[str, Any] = {
        "image": image,
        "url": picture_url(image),
        "next": [{"image": each, "url": picture_url(each)} for each in around.following],
        "prior": {"url": picture_url(around.prior.image), "title": around.prior.title} if around.prior else None,
        "heatmap": heatmap_url(image, drawn.heatmap) if drawn.heatmap is not None else None,
        "scale": drawn.scale,
        "unit": drawn.unit,
        "title": drawn.title,
        "note": drawn.note,
        "steps": STEPS,
        "keys": [[list(keys), words] for keys, words in KEYS],
        "editable": around.regions is None,
        "alone": case.prediction is None,
        "marks": [region.as_dict() for region in (marked(image) if around.regions is None else around.regions)],
    }
    _component(key=KEY, data=data, on_drawn_change=_remember)


def said_of(image: str) -> None:
    """Begin or end what the page says of an image."""
    st.html(f'<div class="said-of" data-image="{image}"></div>')


def marked(image: str) -> tuple[Region, ...]:
    """What the reader has marked on an image and not recorded yet."""
    return tuple(st.session_state.get(_key(image), ()))


def _remember() -> None:
    """Keep what was just drawn, before any part of the page is run again."""
    drawn = st.session_state[KEY]["drawn"]
    st.session_state[_key(drawn["image"])] = [_region(mark) for mark in drawn["marks"]]


def _key(image: str) -> str:
    return f"marked-{image}"


def _region(mark: dict[str, Any]) -> Region:
    return Region(Shape(mark["shape"]), *(float(mark[name]) for name in ("x", "y", "width", "height")))
