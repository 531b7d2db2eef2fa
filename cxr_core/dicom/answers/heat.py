"""A heatmap's 7 x 7 numbers over a picture, as the viewer has them: enlarged bilinearly, tinted, and their outlines."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.records import Floats

FINE = 224
"""Rows and columns to which the numbers are enlarged first, as on the screen: the network's input."""
BEND = 0.02
"""Of one of these columns: nearer than that a thinned outline stays to the full one, 0.2 pixels of a usual X-ray."""
SHARES = (0.25, 0.5, 0.75)
"""Of a map's own peak: where its outlines run."""


def enlarged(heatmap: Floats) -> Floats:
    """FINE x FINE numbers of 7 x 7: bilinear, half-pixel centres, edges held."""
    return np.asarray(cv2.resize(heatmap.astype(np.float32), (FINE, FINE), interpolation=cv2.INTER_LINEAR), np.float32)


def ramp(t: NDArray[Any]) -> NDArray[np.float64]:
    """Colours, n x 3 in 0..255, of `t` (n numbers in 0..1): the screen's, from violet over red to pale yellow.

    Evenly lighter in OKLCH (B. Ottosson, "A perceptual color space for image processing", 2020).
    """
    lightness, chroma, hue = 0.42 + 0.5 * t, 0.17 - 0.05 * t, np.radians(310 + 145 * t)
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    linear = np.stack(
        (
            4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short,
        ),
        axis=-1,
    )
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def outlines(heatmap: Floats, share: float, rows: int, columns: int) -> list[NDArray[np.float64]]:
    """Where the enlarged map reaches `share` of its peak: closed lines, first point = last, each n x 2 (x, y).

    In pixels of an image of rows x columns; 0 is the left edge of the first column and the upper edge of the first
    row, as in PS3.3 C.18.6 (SCOORD) and C.10.5 (Graphic Annotation). Largest area first. By marching squares, less the
    points that a line hardly bends at; one that would leave the image runs along its edge.
    """
    values, places = _framed(enlarged(heatmap))
    found = [_thinned(np.array(line)) for line in _lines(values, places, share * float(values.max()))]
    scaled = [line * np.array([columns, rows]) / FINE for line in found if len(line) > 3]
    return sorted(scaled, key=lambda line: -abs(area(line)))


def regions(heatmap: Floats, rows: int, columns: int) -> list[NDArray[np.float64]]:
    """Where the evidence lies: the outer outlines at half the map's peak, as `outlines` gives them."""
    lines = outlines(heatmap, 0.5, rows, columns)
    return [line for line in lines if area(line) * area(lines[0]) > 0]


def area(line: NDArray[np.float64]) -> float:
    """The area within a closed line, in its own unit squared, by the shoelace formula; negative round a hole."""
    x, y = line[:, 0], line[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2


def _thinned(line: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = cv2.approxPolyDP(line[:-1].astype(np.float32), BEND, True)[:, 0].astype(np.float64)
    return np.concatenate((kept, kept[:1]))


def _framed(values: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and where they stand, 0 to FINE: edges held out to the image's edge, and nothing at all beyond it."""
    held = np.pad(values.astype(np.float64), 1, mode="edge")
    centres = np.arange(FINE) + 0.5
    return np.pad(held, 1, constant_values=-np.inf), np.concatenate(([0, 0], centres, [FINE, FINE]))


def _lines(values: NDArray[np.float64], places: NDArray[np.float64], level: float) -> list[list[tuple[float, float]]]:
    """The closed lines on which `values` (on the grid of `places`) reach `level`, with what is above it to one side."""
    following = _segments(values >= level)
    lines = []
    while following:
        first, cut = following.popitem()
        line = [first]
        while cut != first:
            line.append(cut)
            cut = following.pop(cut)
        points = [_point(values, places, level, cut) for cut in (*line, first)]
        lines.append(points)
    return lines


Cut = tuple[int, int, int]
"""An edge of the grid: row and column of its upper left end, and 0 where it runs right, 1 where it runs down."""


def _segments(above: NDArray[np.bool_]) -> dict[Cut, Cut]:
    """Within each cell of the grid, from where a walk round it steps down to where it had stepped up before."""
    corners = above[:-1, :-1].astype(int) + above[:-1, 1:] + above[1:, 1:] + above[1:, :-1]
    found = {}
    for row, column in np.argwhere((corners > 0) & (corners < 4)).tolist():
        round_it = ((row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column))
        edges = ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))
        steps = [(edge, bool(above[corner])) for corner, edge in zip(round_it, edges, strict=True)]
        changes = [
            (edge, was) for (edge, was), (_, now) in zip(steps, (*steps[1:], steps[0]), strict=True) if was != now
        ]
        for number, (edge, steps_down) in enumerate(changes):
            if steps_down:
                found[edge] = changes[number - 1][0]
    return found


def _point(values: NDArray[np.float64], places: NDArray[np.float64], level: float, cut: Cut) -> tuple[float, float]:
    """Where on an edge the level is crossed, in the unit of `places`."""
    row, column, down = cut
    start, end = values[row, column], values[row + down, column + 1 - down]
    at_frame = np.isinf(start) or np.isinf(end)  # where both ends are at the same place
    share = 0.0 if at_frame else float((level - start) / (end - start))
    x, y = places[column], places[row]
    return (
        float(x + share * (places[column + 1 - down] - x)),
        float(y + share * (places[row + down] - y)),
    )
