"""What of a picture is burnt-in text: to be blanked, to be looked at, or to be kept as a side marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.boxes import Box, outermost
from cxr_core.dicom.burned_in.lines import lines
from cxr_core.dicom.burned_in.strokes import Glyphs, Grey, glyphs, noise
from cxr_core.dicom.burned_in.writing import UPRIGHT, extent, judged

_LEAST_SIDE = 48
"""Pixels of a picture that is still looked at."""
_MOST_HALVINGS = 2
_TALLEST, _TALLEST_SHARE = 72, 0.06
"""Pixels, and share of the picture's shorter side, that letters are high at most: ribs and vertebrae are higher."""
_SMALLEST_MARKER, _SMALLEST_MARKER_SHARE = 10, 0.012
"""Pixels, and share of the picture's shorter side, that a side marker is high at least."""
_FAINTEST, _FAINTEST_IN_NOISE = 22, 2
"""Grey levels, and standard deviations of the noise on top, that lines stand out; fainter ones are edges and noise."""
_BORDER = 0.25
"""Share of the picture at each edge where text is blanked; further in, the lungs may lie under it."""


@dataclass(frozen=True)
class Found:
    """Where an X-ray is written on."""

    boxes: tuple[Box, ...] = ()
    """Text near the edges: to be blanked."""
    doubts: tuple[Box, ...] = ()
    """What looks like text but can't be blanked without a look: the lungs may lie under it, or it may be none."""
    markers: tuple[Box, ...] = ()
    """Single letters near the edges: side markers, to be kept."""


@dataclass
class _Places:
    """Where something was found, in pixels of the whole picture."""

    text: list[Box] = field(default_factory=list)
    doubts: list[Box] = field(default_factory=list)
    letters: list[Box] = field(default_factory=list)


def find(brightness: NDArray[Any]) -> Found:
    """Where the picture is written on; brightness rows x columns as shown, float in 0..1 or uint8.

    Letters are to be 10 to 72 pixels high or, in large pictures, up to 6 % of the shorter side; rows of three or more
    are found, level or upright. What text says is never asked: that of a portable X-ray goes like a name.
    """
    grey = _grey(brightness)
    places = _Places()
    for factor, picture in _sizes(grey):
        faintest = _FAINTEST + _FAINTEST_IN_NOISE * noise(picture)
        for light in (True, False):
            found = glyphs(picture, light)
            _look(found, factor, grey.shape, places, faintest, handicap=0)
            _look(found.turned, factor, grey.shape[::-1], turned := _Places(), faintest, handicap=UPRIGHT)
            places.text += [box.turned for box in turned.text]
            places.doubts += [box.turned for box in turned.doubts]
    return _sorted_out(places, grey.shape)


def _look(
    found: Glyphs, factor: int, shape: tuple[int, ...], places: _Places, faintest: float, handicap: float
) -> None:
    """Add what glyphs make of a picture that is `factor` times smaller than `shape`."""
    tallest = max(_TALLEST, _TALLEST_SHARE * min(shape)) / factor
    candidates = [line for line in lines(found, faintest) if line.height <= tallest]
    sure, unsure = judged(candidates, handicap)
    places.text += [extent(line, found).enlarged(factor, shape) for line in sure]
    places.doubts += [line.box.enlarged(factor, shape) for line in unsure]
    places.letters += [line.box.enlarged(factor, shape) for line in candidates if line.is_single_letter]


def _sorted_out(places: _Places, shape: tuple[int, ...]) -> Found:
    """What is to become of what was found in all sizes."""
    doubts = [box for box in places.doubts if not any(letter.holds(box) for letter in places.letters)]
    text = [*places.text, *(box for box in doubts if _meets_any(box, places.text))]
    boxes = outermost([box for box in text if not _is_central(box, shape)])
    unclear = [box for box in text if _covered(box, boxes) < 1] + [box for box in doubts if _covered(box, boxes) < 0.7]
    markers = [box for box in places.letters if _is_marker(box, shape) and not _meets_any(box, (*boxes, *unclear))]
    return Found(boxes, outermost(unclear), outermost(markers))


def _is_marker(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a letter is large enough, and near enough to an edge, to say which side is which."""
    smallest = max(_SMALLEST_MARKER, _SMALLEST_MARKER_SHARE * min(shape))
    return box.bottom - box.top >= smallest and not _is_central(box, shape)


def _is_central(box: Box, shape: tuple[int, ...]) -> bool:
    rows, columns = (_BORDER * length for length in shape)
    return box.meets(Box(int(rows), int(columns), int(shape[0] - rows), int(shape[1] - columns)))


def _meets_any(box: Box, others: Sequence[Box]) -> bool:
    return any(box.meets(other) for other in others)


def _covered(box: Box, boxes: Sequence[Box]) -> float:
    """Which share of it is in the boxes."""
    inside = np.zeros((box.bottom - box.top, box.right - box.left), bool)
    for other in boxes:
        rows = slice(max(0, other.top - box.top), max(0, other.bottom - box.top))
        inside[rows, max(0, other.left - box.left) : max(0, other.right - box.left)] = True
    return float(inside.mean())


def _grey(brightness: NDArray[Any]) -> Grey:
    if brightness.dtype == np.uint8:
        return np.ascontiguousarray(brightness)
    grey: Any = cv2.convertScaleAbs(np.ascontiguousarray(brightness, np.float32), alpha=255)
    return grey


def _sizes(grey: Grey) -> Iterator[tuple[int, Grey]]:
    """The picture and how many times smaller it is: as it is, then halved as often as there may be letters so large."""
    for halvings in range(_MOST_HALVINGS + 1):
        if min(grey.shape) < _LEAST_SIDE:
            return
        yield 1 << halvings, grey
        half = grey.shape[1] // 2, grey.shape[0] // 2
        grey = cv2.resize(grey, half, interpolation=cv2.INTER_AREA).astype(np.uint8)
