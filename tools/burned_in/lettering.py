"""Words as they are burnt into films, in several kinds of type. Who they name does not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxr_core.dicom.phantoms.lettering import lettered
from cxr_core.records import Floats
from tools.burned_in.strokes import stroked

Type = Callable[[str, int], Floats]
"""Draws a text at a size in pixels: how far it covers each pixel, 0..1."""

_FIRST = ("Anna", "Tom", "Lina", "Jonathan", "Mia", "Pablo", "Ingrid", "Bo", "Fatima", "Li", "Guillermo", "Eva")
_LAST = ("Ek", "Moreau", "Wills", "Kowalczyk", "Rossi", "Fujimoto", "Jung", "Obi", "Tiller", "Haugland", "Lee", "Quick")
DOTTED_NAMES = ("CHRIS LANE", "TERENCE PITT", "SIRI NILSEN", "HELEN STACEY", "ERIC THAYER", "ANNELISE PRICE")
"""Names of the letters that the phantoms' own lettering has."""


def _name(rng: np.random.Generator) -> str:
    first, last = str(rng.choice(_FIRST)), str(rng.choice(_LAST))
    form = rng.integers(4)
    return (f"{last}, {first}", f"{first} {last}", f"{last.upper()} {first.upper()}", f"{last.upper()}, {first}")[form]


def _date(rng: np.random.Generator) -> str:
    year, month, day = rng.integers(1930, 2024), rng.integers(1, 13), rng.integers(1, 29)
    form = rng.integers(4)
    return (f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}",
            f"DOB {year}{month:02}{day:02}")[form]  # fmt: skip


def _number(rng: np.random.Generator) -> str:
    number = rng.integers(10_000, 99_999_999)
    return (f"{number}", f"ID: {number}", f"MRN {number:08}", f"A{number % 100000}-{number % 97:02}")[rng.integers(4)]


def line(rng: np.random.Generator, dotted: bool = False) -> str:
    """A name, a date or a number; a name of the few letters of `lettered` if it's to be `dotted`."""
    if dotted:
        return str(rng.choice(DOTTED_NAMES))
    return (_name, _name, _date, _number)[rng.integers(4)](rng)


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    if name == "default":
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)
        return font
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf", size)


def _typeset(name: str, smooth: bool = True) -> Type:
    """A TrueType font; sizes are its em, so that capitals are about 0.7 of it."""

    def draw(text: str, size: int) -> Floats:
        font = _font(name, size)
        left, top, right, bottom = (int(edge) for edge in font.getbbox(text))
        picture = Image.new("L", (right - left + 4, bottom - top + 4))
        drawing = ImageDraw.Draw(picture)
        drawing.fontmode = "L" if smooth else "1"
        drawing.text((2 - left, 2 - top), text, fill=255, font=font)
        return np.asarray(picture, np.float32) / 255

    return draw


def _drawn(face: int) -> Type:
    """OpenCV's own type; sizes are its capitals' height."""

    def draw(text: str, size: int) -> Floats:
        thickness = 1 if size < 30 else 2
        scale = cv2.getFontScaleFromHeight(face, size, thickness)
        (width, height), below = cv2.getTextSize(text, face, scale, thickness)
        canvas = np.zeros((height + below + size, width + size), np.uint8)
        cv2.putText(canvas, text, (size // 2, height + size // 2), face, scale, 255, thickness, cv2.LINE_AA)
        return _trimmed(canvas.astype(np.float32) / 255)

    return draw


def _trimmed(covered: Floats) -> Floats:
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return covered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _dotted(text: str, size: int) -> Floats:
    return lettered(text, max(1, round(size / 7))).astype(np.float32)


TYPES: dict[str, Type] = {
    "Pillow": _typeset("default"),
    "DejaVu Sans": _typeset("DejaVuSans"),
    "DejaVu Sans Bold": _typeset("DejaVuSans-Bold"),
    "DejaVu Sans Mono, unsmoothed": _typeset("DejaVuSansMono", smooth=False),
    "STIX": _typeset("STIXGeneral"),
    "OpenCV simplex": _drawn(cv2.FONT_HERSHEY_SIMPLEX),
    "OpenCV duplex": _drawn(cv2.FONT_HERSHEY_DUPLEX),
    "OpenCV script": _drawn(cv2.FONT_HERSHEY_SCRIPT_SIMPLEX),
    "single stroke": lambda text, size: stroked(text, size, 1 if size < 24 else 2),
    "single stroke, bold": lambda text, size: stroked(text, size, max(2, size // 10)),
    "dots": _dotted,
}
"""What text is set in; `dots` has the letters of `lettered` alone."""
