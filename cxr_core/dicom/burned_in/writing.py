"""Which lines are text, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.boxes import Box, joined
from cxr_core.dicom.burned_in.lines import Line, box_of
from cxr_core.dicom.burned_in.strokes import Glyphs

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
    waiting = list(candidates)
    sure = [line for line in waiting if line.likeness >= SURE + handicap]
    for line in sure:  # grows while it's gone through, so that a neighbour's neighbours are found as well
        waiting = [other for other in waiting if other not in sure]
        sure += [other for other in waiting if _same_hand(line, other)]
    return sure, [line for line in waiting if line not in sure and line.likeness >= DOUBTFUL + handicap]


def _same_hand(line: Line, other: Line) -> bool:
    """Whether the other is of the same height and ink, within two lines of it, and no single letter."""
    nearby = line.box.wider(2.5 * line.height, 2.5 * line.height)
    wide = other.box.right - other.box.left >= 1.3 * (other.box.bottom - other.box.top)
    as_high = 0.5 * line.height <= other.height <= 2 * line.height
    return wide and as_high and nearby.meets(other.box) and bool(_same_ink(line, other))


def _same_ink(line: Line, other: Line | Glyphs) -> NDArray[np.bool_]:
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
