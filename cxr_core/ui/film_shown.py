"""A picture that may say who it is of, drawn from memory with the places where there is text, or may be."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

from cxr_core.store.quarantine import Boxes, Held
from cxr_core.work.holding import Picture

CORNERS = ("top:0;left:0", "top:0;right:0", "bottom:0;right:0", "bottom:0;left:0")
"""Where the numbers of doubts stand, in turn: of places that meet, both can be read."""


def film(held: Held, picture: Picture) -> None:
    """The picture with its places. It is part of the page, and so in no cache and at no address."""
    data = b64encode(picture.jpeg).decode("ascii")
    sure, doubts = places(held.boxes, picture, "sure"), places(held.doubts, picture, "doubt")
    alt = "The X-ray that is held back, with the places where there is text or may be"
    st.html(f'<div class="film"><img src="data:image/jpeg;base64,{data}" alt="{alt}">{sure}{doubts}</div>')


def places(boxes: Boxes, picture: Picture, kind: str) -> str:
    """Outlines over the picture, as HTML; doubts are numbered from 1."""
    return "".join(_place(number, box, picture, kind) for number, box in enumerate(boxes))


def _place(number: int, box: list[int], picture: Picture, kind: str) -> str:
    top, left, bottom, right = box
    down, across = 100 / picture.rows, 100 / picture.columns
    where = f"top:{top * down:.3f}%;left:{left * across:.3f}%"
    size = f"height:{(bottom - top) * down:.3f}%;width:{(right - left) * across:.3f}%"
    label = f'<b style="{CORNERS[number % len(CORNERS)]}">{number + 1}</b>' if kind == "doubt" else ""
    return f'<div class="{kind}" style="{where};{size}">{label}</div>'
