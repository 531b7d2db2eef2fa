"""A picture that may say who it is of, shown from memory, and the places on it that an admin wants blanked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cxr_core.store.quarantine import Boxes, Held
from cxr_core.ui.viewer import WEB, loader
from cxr_core.work.incoming.holding import Picture

KEY = "blanking"

_component = st.components.v2.component(
    "cxr_blanking",
    html=(WEB / "blanking.html").read_text(encoding="utf-8"),
    css=(WEB / "blanking.css").read_text(encoding="utf-8"),
    js=loader("blanking.js"),
)


@dataclass(frozen=True)
class Place:
    """A rectangle on a picture, in pixels of its file."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    """`sure`, `doubt` or `drawn`: text that was found, what may be text, and what an admin drew."""
    shape: str = "box"

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Top, left, bottom, right."""
        return self.y, self.x, self.y + self.height, self.x + self.width


def found_on(held: Held) -> tuple[Place, ...]:
    """The places that were found by themselves."""
    return (*_places(held.boxes, "sure"), *_places(held.doubts, "doubt"))


def _places(boxes: Boxes, kind: str) -> list[Place]:
    return [Place(left, top, right - left, bottom - top, kind) for top, left, bottom, right in boxes]


def film(number: int, picture: Picture, places: tuple[Place, ...], on_drawn: Callable[[], None]) -> None:
    """The picture with its places. It is part of the page, and so in no cache and at no address.

    `on_drawn` is called when a place was drawn, changed or removed; `drawn` says which there are then.
    """
    data = b64encode(picture.jpeg).decode("ascii")
    shown: dict[str, Any] = {
        "number": number, "picture": f"data:image/jpeg;base64,{data}", "rows": picture.rows, "columns": picture.columns,
        "places": [vars(place) for place in places],
    }  # fmt: skip
    _component(key=KEY, data=shown, on_drawn_change=on_drawn)


def drawn() -> tuple[int, tuple[Place, ...]]:
    """The number of the file that was last drawn on, and its places."""
    said = st.session_state[KEY]["drawn"]
    return said["number"], tuple(map(_place, said["places"]))


def _place(said: dict[str, Any]) -> Place:
    x, y, width, height = (float(said[name]) for name in ("x", "y", "width", "height"))
    return Place(x, y, width, height, str(said["kind"]))
