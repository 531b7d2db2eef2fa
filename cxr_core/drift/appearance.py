"""What one X-ray looks like, in nine numbers that a person can picture.

They are taken from the brightness as displayed, before the percentile stretch that evens exposure
out for the model: a change that the stretch hides from the model still says that something happened.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.errors import BadInput
from cxr_core.records import Floats

SMALLEST = 16
"""Rows and columns that an image must have for its sides and blocks to mean anything."""
BLACK, WHITE = 0.004, 0.996
"""At or beyond these a pixel is saturated: one of 256 grey levels from the end."""
FLAT = 0.01
"""A row or column whose brightness varies less than this (standard deviation) is border."""
BLOCK = 8
"""Rows and columns of the blocks in which noise is estimated."""
SECOND = np.array([1, -2, 1], np.float32)
"""The second difference."""


def measure(brightness: Floats) -> dict[str, float]:
    """The statistics of one X-ray: `brightness` is n x n, float32, 0..1, before the percentile stretch.

    `mean`, `p01`, `p99`: average and percentiles 1 and 99 of the pixels. `contrast`: their standard
    deviation. The others: see the function of the same name. Raises BadInput for another shape or
    for integers.
    """
    _require_square(brightness)
    low, high = _percentiles(brightness)
    contrast = float(brightness.std())
    return {
        "mean": float(brightness.mean()),
        "p01": low,
        "p99": high,
        "contrast": contrast,
        "sharpness": sharpness(brightness, contrast),
        "noise": noise(brightness),
        "saturated": saturated(brightness),
        "border": border(brightness),
        "polarity": polarity(brightness),
    }


def sharpness(brightness: Floats, contrast: float) -> float:
    """Root mean square of the 4-neighbour Laplacian over `contrast`; 0 for a flat image.

    Dividing by the standard deviation makes it blind to window width: only how fine the detail is counts.
    """
    if contrast < 1e-6:
        return 0.0
    inner = brightness[1:-1, 1:-1]
    laplacian = brightness[:-2, 1:-1] + brightness[2:, 1:-1] + brightness[1:-1, :-2] + brightness[1:-1, 2:] - 4 * inner
    flat = laplacian.ravel()
    return float(np.sqrt(np.dot(flat, flat) / flat.size) / contrast)


def noise(brightness: Floats) -> float:
    """Standard deviation of the noise, in units of brightness: median over 8 x 8 blocks of sqrt(pi/2)/6 mean|N * I|.

    N = [1 -2 1]' [1 -2 1] answers to neither edges along the axes nor slopes (Immerkaer 1996, Fast noise
    variance estimation). The median over blocks keeps lettering, devices and empty borders out of it.
    """
    residual = np.abs(cv2.sepFilter2D(brightness, cv2.CV_32F, SECOND, SECOND)[1:-1, 1:-1])
    blocks = len(residual) // BLOCK
    whole = residual[: blocks * BLOCK, : blocks * BLOCK]
    means = cv2.resize(whole, (blocks, blocks), interpolation=cv2.INTER_AREA)
    return float(np.median(means) * np.sqrt(np.pi / 2) / 6)


def saturated(brightness: Floats) -> float:
    """Share of pixels, 0..1, that are fully black (<= 0.004) or fully white (>= 0.996)."""
    return float(np.count_nonzero((brightness <= BLACK) | (brightness >= WHITE)) / brightness.size)


def border(brightness: Floats) -> float:
    """Share of rows and columns, 0..1, that are nearly constant, counted inwards from each edge until one isn't."""
    flat_rows, flat_columns = brightness.std(axis=1) < FLAT, brightness.std(axis=0) < FLAT
    return (_from_edges(flat_rows) + _from_edges(flat_columns)) / (len(flat_rows) + len(flat_columns))


def polarity(brightness: Floats) -> float:
    """Mean of the outer eighths of the columns minus mean of the middle quarter, -1..1.

    Below zero in nearly every upright frontal X-ray, since the spine and heart are white and what
    lies beside the chest is dark. Inverting the image flips its sign exactly.
    """
    columns = brightness.mean(axis=0)
    n = len(columns)
    sides = np.concatenate([columns[: n // 8], columns[-(n // 8) :]])
    return float(sides.mean() - columns[n * 3 // 8 : n * 5 // 8].mean())


def _require_square(brightness: Floats) -> None:
    rows, columns = brightness.shape if brightness.ndim == 2 else (0, 0)
    if rows != columns or rows < SMALLEST:
        raise BadInput(f"An image of shape {brightness.shape} can't be measured; give a square of {SMALLEST} or more.")
    if brightness.dtype.kind != "f":
        raise BadInput(f"Brightness is needed as numbers of 0 to 1; {brightness.dtype} pixels must be converted first.")


def _percentiles(brightness: Floats) -> tuple[float, float]:
    last = brightness.size - 1
    ranked = np.sort(brightness, axis=None)
    return float(ranked[round(0.01 * last)]), float(ranked[round(0.99 * last)])


def _from_edges(flat: NDArray[np.bool_]) -> int:
    if flat.all():
        return len(flat)
    return int(np.argmin(flat) + np.argmin(flat[::-1]))
