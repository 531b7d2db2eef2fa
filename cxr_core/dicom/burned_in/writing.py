"""Which lines are text, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.boxes import Box, as_lists, joined
from cxr_core.dicom.burned_in.lines import Line, box_of
from cxr_core.dicom.burned_in.strokes import Glyphs

_Numbers = NDArray[np.float64]
SURE, DOUBTFUL = 3.2, 2.3
"""Likenesses from which a line is text, and from which somebody should look."""
UPRIGHT = 2.0
"""How much more it takes where lines run up or down: ribs lie above each other, and so do initials under a marker."""
_SAME_LEVEL = 0.35
"""How far levels of one hand lie apart at most, as a share of the contrast: thin strokes are smoothed."""
_SAME_CONTRAST = 1.6
"""By what factor its contrasts differ, where the ink shines through and so has no level of its own."""


def judged(candidates: Iterable[Line], handicap: float) -> tuple[list[Line], list[Line]]:
    """The lines that are text, with those of the same hand next to them; and those that may be."""
    found = list(candidates)
    likeness = np.array([line.likeness for line in found])
    sure = new = likeness >= SURE + handicap
    if new.any():
        hands = _same_hands(found)
        while new.any():  # a neighbour's neighbours are of the same hand as well
            new = hands[new].any(axis=0) & ~sure
            sure = sure | new
    doubtful = ~sure & (likeness >= DOUBTFUL + handicap)
    return [found[at] for at in np.flatnonzero(sure)], [found[at] for at in np.flatnonzero(doubtful)]


def _same_hands(found: Sequence[Line]) -> NDArray[np.bool_]:
    """line x line: whether the second is of the height and ink of the first, near it, and no single letter."""
    height, contrast, level = (
        np.array([getattr(line, name) for line in found]) for name in ("height", "contrast", "level")
    )
    top, left, bottom, right = np.array(as_lists([line.box for line in found])).T
    reach = np.ceil(2.5 * height)
    nearby: NDArray[np.bool_] = (
        ((top - reach)[:, None] < bottom) & (top < (bottom + reach)[:, None])
        & ((left - reach)[:, None] < right) & (left < (right + reach)[:, None])
    )  # fmt: skip
    as_high = (0.5 * height[:, None] <= height) & (height <= 2 * height[:, None])
    wide = right - left >= 1.3 * (bottom - top)
    return nearby & as_high & wide & _same_ink(_Ink(level[:, None], contrast[:, None]), _Ink(level, contrast))


class _Ink(NamedTuple):
    """How bright something is, and how far from its ground."""

    level: _Numbers
    contrast: _Numbers


def _same_ink(line: Line | _Ink, other: Glyphs | _Ink) -> NDArray[np.bool_]:
    """Whether something is as bright, or as far from its ground, as the line."""
    least = np.minimum(other.contrast, line.contrast)
    near_level = np.abs(other.level - line.level) <= _SAME_LEVEL * least + 4
    near_contrast = np.maximum(other.contrast, line.contrast) <= _SAME_CONTRAST * least
    same: NDArray[np.bool_] = near_level | near_contrast
    return same


def extent(line: Line, found: Glyphs) -> Box:
    """The box of a line with what belongs to it: dots, commas, words apart, and a rim as wide as a faint letter."""
    row = line.box.wider(0.5 * line.height, 0)
    like = found.of(
        (found.height <= 1.7 * line.height)
        & (found.top >= row.top)
        & (found.top + found.height <= row.bottom)
        & (_same_ink(line, found) | (found.height >= 0.4 * line.height))
    )
    box = line.box
    while True:
        reach = box.wider(0, 1.6 * line.height)
        inside = like.of((like.left < reach.right) & (like.left + like.width > reach.left))
        grown = joined(box, box_of(inside)) if len(inside) else box
        if grown == box:
            return box.wider(0.35 * line.height + 1, 0.8 * line.height + 1)
        box = grown
