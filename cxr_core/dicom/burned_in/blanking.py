"""Taking text out of an X-ray, in stored values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.boxes import Box
from cxr_core.records import Radiograph

_RIM = 3
"""Pixels around boxes whose values fill them."""


def blank(radiograph: Radiograph, boxes: Sequence[Box]) -> Radiograph:
    """`radiograph` with each box filled with the median of what borders on it, boxes that meet as one.

    No pixel outside the boxes changes, and the tone stays as it is. Boxes that reach out of the image are cut off.
    """
    if not boxes:
        return radiograph
    covered = np.zeros(radiograph.pixels.shape, np.uint8)
    for box in boxes:
        covered[max(0, box.top) : max(0, box.bottom), max(0, box.left) : max(0, box.right)] = 1
    pixels = radiograph.pixels.copy()
    labels: Any
    count, labels = cv2.connectedComponents(covered, connectivity=8)
    for number in range(1, count):
        _fill(pixels, covered, labels, number)
    return replace(radiograph, pixels=pixels)


def _fill(pixels: NDArray[Any], covered: NDArray[np.uint8], labels: NDArray[Any], number: int) -> None:
    """Fill one connected part of `covered` in place; where that is the whole image, with its median."""
    place = _around(labels == number)
    here = (labels[place] == number).astype(np.uint8)
    rim = cv2.dilate(here, np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)).astype(bool) & (covered[place] == 0)
    beside = pixels[place][rim]
    if beside.size:
        pixels[place][here == 1] = np.partition(beside, beside.size // 2)[beside.size // 2]
    else:
        pixels[:] = np.partition(pixels, pixels.size // 2, axis=None)[pixels.size // 2]


def _around(chosen: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rectangle that holds all chosen pixels and a rim."""
    left, top, width, height = cv2.boundingRect(chosen.astype(np.uint8))
    return slice(max(0, top - _RIM), top + height + _RIM), slice(max(0, left - _RIM), left + width + _RIM)
