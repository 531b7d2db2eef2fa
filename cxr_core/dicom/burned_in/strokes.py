"""What may be a letter: thin strokes that stand out from what lies around them, connected."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_WIDEST_STROKE = 6
"""Pixels; wider ones are found in the picture at half size."""
_LEAST_CONTRAST = 16
"""Grey levels by which a stroke stands out at least."""
_ABOVE_NOISE = 3
"""How much more than all around it, on average."""
_CELL = 8
"""Pixels a side of the cells in which strokes are counted before they are looked at."""
_DENSE = 0.03
"""Share of three by three cells that strokes cover where there are letters."""
_MOST = 1500
"""Letters of a picture that are looked at; the strongest, where there are more."""
_ROOTS = np.sqrt(255 * np.arange(256)).astype(np.uint8)
_FROM_ROOTS = np.clip(_ABOVE_NOISE * np.arange(256) ** 2 / 255, _LEAST_CONTRAST, 255).astype(np.uint8)


@dataclass(frozen=True)
class Glyphs:
    """Connected strokes, one an entry of each array."""

    left: Numbers
    top: Numbers
    width: Numbers
    height: Numbers
    area: Numbers
    """Pixels."""
    contrast: Numbers
    """Grey levels to what lies around."""
    level: Numbers
    """Grey level."""
    roughness: Numbers
    """Standard deviation of the grey levels within."""
    strokes: Numbers
    """How many strokes a row crosses, on average."""
    strokes_down: Numbers
    """How many a column crosses, on average."""

    def __len__(self) -> int:
        return len(self.left)

    @property
    def turned(self) -> Glyphs:
        """The same with rows and columns exchanged."""
        return replace(
            self,
            left=self.top,
            top=self.left,
            width=self.height,
            height=self.width,
            strokes=self.strokes_down,
            strokes_down=self.strokes,
        )

    def of(self, chosen: NDArray[Any] | slice) -> Glyphs:
        """Those that a mask, an index or a slice chooses."""
        return Glyphs(*(getattr(self, field.name)[chosen] for field in fields(self)))


def glyphs(grey: Grey, light: bool) -> Glyphs:
    """What is drawn on `grey` in strokes lighter, or darker, than their ground."""
    kernel = np.ones((_WIDEST_STROKE + 1, _WIDEST_STROKE + 1), np.uint8)
    relief: Any = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT if light else cv2.MORPH_BLACKHAT, kernel)
    mask: Any = cv2.compare(relief, _limits(relief), cv2.CMP_GT)
    parts = [_measured(grey, relief, mask, *area) for area in _areas(mask)]
    names = [field.name for field in fields(Glyphs)]
    none = [np.zeros(0, np.float32)]
    found = Glyphs(*(np.concatenate([getattr(part, name) for part in parts] or none) for name in names))
    return found if len(found) <= _MOST else found.of(np.argsort(-found.contrast * np.sqrt(found.area))[:_MOST])


def noise(grey: Grey) -> float:
    """Standard deviation of the noise in grey levels, at least about 1: from neighbours that aren't equal."""
    steps: Any = cv2.absdiff(grey[::8, 1:], grey[::8, :-1])
    counts = np.cumsum(cv2.calcHist([steps], [0], None, [256], [0, 256])[1:])
    return (1 + int(np.searchsorted(counts, counts[-1] / 2))) / 0.954


def _limits(relief: Grey) -> Grey:
    """What a stroke's relief must exceed at each pixel: more where it is noisy.

    Averages of square roots, squared, say what is usual: a third of the pixels in strokes hardly moves them.
    """
    rows, columns = (-(-length // _CELL) for length in relief.shape)
    small = cv2.resize(cv2.LUT(relief, _ROOTS), (columns, rows), interpolation=cv2.INTER_AREA)
    usual = cv2.LUT(cv2.blur(small, (9, 9)), _FROM_ROOTS)
    limits: Any = cv2.resize(usual, relief.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return limits


def _areas(mask: Grey) -> list[tuple[NDArray[np.bool_], int, int]]:
    """Where strokes are dense: which cells of a rectangle, and the rectangle's first row and column in the mask."""
    rows, columns = (-(-length // _CELL) for length in mask.shape)
    dense = cv2.blur(cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA), (3, 3)) > 255 * _DENSE
    near = cv2.dilate(dense.astype(np.uint8), np.ones((5, 7), np.uint8))
    _, labels, places, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    return [
        (labels[top : top + height, left : left + width] == number, top, left)
        for number, (left, top, width, height, _) in enumerate(places)
        if number
    ]


def _measured(grey: Grey, relief: Grey, mask: Grey, cells: NDArray[np.bool_], top: int, left: int) -> Glyphs:
    """The glyphs of one area."""
    part = _pixels(cells, top, left)
    strokes = _within(mask[part], cells)
    count, labels, places, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    pixels = np.flatnonzero(strokes != 0)
    number, columns = labels.ravel()[pixels] - 1, strokes.shape[1]
    contrast, level, roughness = _tones(number, count - 1, relief[part].ravel()[pixels], grey[part].ravel()[pixels])
    starts = (pixels % columns == 0) | (strokes.ravel()[pixels - 1] == 0)
    tops = (pixels < columns) | (strokes.ravel()[pixels - columns] == 0)
    return Glyphs(
        left=_numbers(places[1:, cv2.CC_STAT_LEFT] + part[1].start),
        top=_numbers(places[1:, cv2.CC_STAT_TOP] + part[0].start),
        width=_numbers(places[1:, cv2.CC_STAT_WIDTH]),
        height=_numbers(places[1:, cv2.CC_STAT_HEIGHT]),
        area=_numbers(places[1:, cv2.CC_STAT_AREA]),
        contrast=contrast,
        level=level,
        roughness=roughness,
        strokes=_numbers(np.bincount(number, starts, count - 1) / places[1:, cv2.CC_STAT_HEIGHT]),
        strokes_down=_numbers(np.bincount(number, tops, count - 1) / places[1:, cv2.CC_STAT_WIDTH]),
    )


def _pixels(cells: NDArray[np.bool_], top: int, left: int) -> tuple[slice, slice]:
    rows, columns = cells.shape
    return slice(top * _CELL, (top + rows) * _CELL), slice(left * _CELL, (left + columns) * _CELL)


def _within(strokes: Grey, cells: NDArray[np.bool_]) -> Grey:
    """What of `strokes` is in the cells."""
    size = cells.shape[1] * _CELL, cells.shape[0] * _CELL
    inside = cv2.resize(cells.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_NEAREST)
    kept: Any = cv2.bitwise_and(strokes, inside[: strokes.shape[0], : strokes.shape[1]])
    return kept


def _tones(number: NDArray[Any], count: int, relief: Grey, grey: Grey) -> tuple[Numbers, Numbers, Numbers]:
    """Contrast, level and roughness of each glyph, from those of its pixels that stand out more than its average."""
    heights, greys = relief.astype(np.float64), grey.astype(np.float64)
    average = np.bincount(number, heights, count) / np.bincount(number, minlength=count)
    core = (heights >= average[number]).astype(np.float64)
    size = np.bincount(number, core, count)
    contrast = np.bincount(number, heights * core, count) / size
    level = np.bincount(number, greys * core, count) / size
    spread = np.bincount(number, greys * greys * core, count) / size - level * level
    return _numbers(contrast), _numbers(level), _numbers(np.sqrt(np.maximum(0, spread)))


def _numbers(values: NDArray[Any]) -> Numbers:
    return values.astype(np.float32)
