"""The picture of an answer: the X-ray as displayed, the heatmap as a light tint with thin outlines, and a caption.

Nothing is written over the X-ray, and nothing in the caption tells whose it is.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.answers import caption
from cxr_core.dicom.answers.finding import Finding
from cxr_core.dicom.answers.heat import SHARES, enlarged, outlines, ramp
from cxr_core.records import Floats

LONGEST = 1536
"""Pixels of the longer side of the X-ray in the picture: the width of a display for reading, of 3 megapixels. The
picture points at the X-ray, and isn't meant to stand in for it."""
SHORTEST = 768
"""A smaller X-ray is enlarged by a whole number until its longer side comes near this, so that outlines are fine."""
OPACITY = 0.3
"""Of the tint where the evidence is strongest, so that the X-ray stays readable under it."""
_SUBPIXEL = 4
"""Bits behind the point of coordinates that cv2 draws by."""

Bytes = NDArray[np.uint8]


def picture(finding: Finding, grey: Bytes) -> Bytes:
    """The picture, RGB, of a finding on `grey`: rows x columns, 0..255, as displayed."""
    film = sized(grey)
    shown = finding.shown_heatmap
    rgb = np.repeat(film[..., None], 3, axis=-1) if shown is None else _over(film, shown, finding.heatmap_scale)
    return np.concatenate((_centred(rgb), caption.strip(finding, max(rgb.shape[1], caption.NARROWEST))))


def sized(grey: Bytes) -> Bytes:
    """The X-ray as large as it is in the picture: averaged down to LONGEST, or enlarged to about SHORTEST."""
    rows, columns = grey.shape
    longest = max(rows, columns)
    if longest > LONGEST:
        size = (max(1, round(columns * LONGEST / longest)), max(1, round(rows * LONGEST / longest)))
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    times = max(1, SHORTEST // longest)
    if times == 1:
        return grey
    size = (columns * times, rows * times)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _over(film: Bytes, heatmap: Floats, scale: float) -> Bytes:
    """`film` with the heatmap's tint, by its scale as on the screen, and outlines at SHARES of its own peak."""
    rgb = _tinted(film, np.clip(enlarged(heatmap) / scale, 0, 1))
    rows, columns = film.shape
    peak = min(float(heatmap.max()) / scale, 1.0)
    width = max(2, round(max(rows, columns) / 700))
    for share in SHARES:
        (colour,) = ramp(np.array([share * peak])).round().tolist()
        _draw(rgb, outlines(heatmap, share, rows, columns), colour, width)
    return rgb


def _tinted(film: Bytes, values: Floats) -> Bytes:
    """`film` under the colours of FINE x FINE values in 0..1: the more evidence, the more colour."""
    weight = OPACITY * np.sqrt(values)
    colours = ramp(values.ravel()).reshape(*values.shape, 3) * weight[..., None]
    fine = np.concatenate((colours, 1 - weight[..., None]), axis=-1).astype(np.float32)
    layer = cv2.resize(fine, film.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.rint(film[..., None] * layer[..., 3:] + layer[..., :3]).astype(np.uint8)


def _draw(rgb: Bytes, lines: list[NDArray[np.float64]], colour: list[float], width: int) -> None:
    """Closed lines in `rgb`, in place; cv2 counts from the middle of the first pixel, the lines from its corner."""
    points: list[Any] = [np.rint((line - 0.5) * (1 << _SUBPIXEL)).astype(np.int32) for line in lines]
    cv2.polylines(rgb, points, True, (0, 0, 0), width + 1, cv2.LINE_AA, _SUBPIXEL)
    cv2.polylines(rgb, points, True, colour, width, cv2.LINE_AA, _SUBPIXEL)


def _centred(rgb: Bytes) -> Bytes:
    """`rgb` between black margins where it is narrower than the caption."""
    lacking = max(0, caption.NARROWEST - rgb.shape[1])
    return np.pad(rgb, ((0, 0), (lacking // 2, lacking - lacking // 2), (0, 0)))
