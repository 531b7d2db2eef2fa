"""Which strokes make lines of text: neighbours of like height, brightness and contrast, on a common height."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.dicom.burned_in.strokes import Glyphs

_LOWEST, _HIGHEST = 4, 44
"""Pixels that a letter is high."""
_WIDEST = 30
"""How many heights a word is wide, whose letters have run together."""


@dataclass(frozen=True)
class Line:
    """Glyphs that stand in a row, and how much they look like writing."""

    box: Box
    height: float
    """Of its letters, in pixels: the upper quartile."""
    glyphs: int
    strokes: float
    """That a row crosses; a letter has one or two."""
    contrast: float
    level: float
    unevenness: float
    """How much brightness or contrast differ between its glyphs, as a share of the contrast."""
    wobble: float
    """How far its glyphs' edges lie off a common height, as a share of their height."""

    roughness: float
    """Standard deviation of the grey levels within a glyph, as a share of the contrast."""

    @property
    def is_single_letter(self) -> bool:
        """Whether it looks like one clear letter by itself, with a ring or frame or without."""
        tall = (self.box.bottom - self.box.top) / (self.box.right - self.box.left)
        clear = self.contrast >= 40 and self.roughness <= 0.25
        return clear and self.glyphs == 1 and self.strokes <= 2.3 and 0.9 <= tall <= 2.4

    @property
    def likeness(self) -> float:
        """How much it looks like writing: log odds of a regression on planted films (seeds from 10000), rounded."""
        if self.strokes < 2:
            return -math.inf
        return (
            2.7 * math.log(self.strokes) + 1.7 * math.log(self.glyphs) + 1.4 * math.log(self.contrast)
            - 7.5 * min(self.unevenness, 1) - 6 * self.wobble - 9.1
        )  # fmt: skip


def lines(found: Glyphs, faintest: float) -> Iterator[Line]:
    """The rows that glyphs of a letter's size stand in, single ones too, with a contrast of `faintest` at least."""
    letters = found.of(_of_letters_size(found))
    if not len(letters):
        return
    numbers = _linked(letters)
    letters = letters.of(np.argsort(numbers, kind="stable"))
    starts = np.flatnonzero(np.diff(np.sort(numbers), prepend=-1))
    clear = np.maximum.reduceat(letters.contrast, starts) >= faintest
    for start, stop in zip(starts[clear], np.append(starts[1:], len(letters))[clear], strict=True):
        line = _line(letters.of(slice(start, stop)))
        if line.contrast >= faintest:
            yield line


def _of_letters_size(found: Glyphs) -> NDArray[np.bool_]:
    fitting: NDArray[np.bool_] = (
        (found.height >= _LOWEST) & (found.height <= _HIGHEST)
        & (found.width <= _WIDEST * found.height) & (found.area >= 6)
    )  # fmt: skip
    return fitting


def _linked(letters: Glyphs) -> NDArray[np.int32]:
    """A number for each letter: the same for those that neighbours link."""
    beside = _neighbours(letters) & _alike(letters)
    first, second = np.nonzero(beside)
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), beside.shape)
    return connected_components(graph, directed=False)[1]


def _neighbours(letters: Glyphs) -> NDArray[np.bool_]:
    """letters x letters: whether the second stands to the right of the first, near and at the same height."""
    left, top, bottom = letters.left, letters.top, letters.top + letters.height
    taller, lower = _larger(letters.height), _smaller(letters.height)
    gap = left[None] - (left + letters.width)[:, None]
    common = _smaller(bottom) - _larger(top)
    found: NDArray[np.bool_] = (
        (left[None] > left[:, None]) & (gap <= 1.3 * taller) & (gap >= -0.3 * taller)
        & (common >= 0.5 * lower) & (taller <= 2.3 * lower)
    )  # fmt: skip
    return found


def _alike(letters: Glyphs) -> NDArray[np.bool_]:
    """letters x letters: whether they are as bright, or as far from their ground, as each other."""
    less = _smaller(letters.contrast)
    same_level = np.abs(letters.level[:, None] - letters.level[None]) <= 0.35 * less + 4
    found: NDArray[np.bool_] = same_level | (_larger(letters.contrast) <= 1.35 * less)
    return found


def _larger(values: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(values[:, None], values[None])


def _smaller(values: NDArray[Any]) -> NDArray[Any]:
    return np.minimum(values[:, None], values[None])


def _line(letters: Glyphs) -> Line:
    height, contrast = _quantile(letters.height, 0.75), _quantile(letters.contrast, 0.5)
    return Line(
        box=box_of(letters),
        height=height,
        glyphs=len(letters),
        strokes=float(letters.strokes.sum()),
        contrast=contrast,
        level=_quantile(letters.level, 0.5),
        unevenness=_unevenness(letters, contrast),
        roughness=_quantile(letters.roughness, 0.5) / contrast,
        wobble=_wobble(letters) / height,
    )


def box_of(letters: Glyphs) -> Box:
    """What holds them all."""
    return Box(
        int(letters.top.min()), int(letters.left.min()),
        int((letters.top + letters.height).max()), int((letters.left + letters.width).max()),
    )  # fmt: skip


def _unevenness(letters: Glyphs, contrast: float) -> float:
    """Of the levels, or of the contrasts, unless they are so faint that being found at all makes them alike."""
    levels = float(letters.level.std()) / contrast
    contrasts = float(letters.contrast.std() / letters.contrast.mean())
    return min(levels, contrasts) if contrast >= 36 else levels


def _quantile(values: NDArray[Any], share: float) -> float:
    """The value that `share` of them lie below, or the nearest: for a few, much faster than what interpolates."""
    return float(np.sort(values)[round(share * (len(values) - 1))])


def _wobble(letters: Glyphs) -> float:
    """How far from their median the upper edges lie, or the lower ones, or the middles: whichever lie nearest."""
    places = np.stack((letters.top, letters.top + letters.height / 2, letters.top + letters.height))
    away = places - np.sort(places, axis=1)[:, places.shape[1] // 2, None]
    return float(np.sqrt((away**2).mean(axis=1)).min())
