"""An X-ray as a picture for the browser."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.records import Radiograph

_FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def to_png(radiograph: Radiograph, longest_side: int = 2048) -> bytes:
    """An 8-bit grey PNG without metadata, white is bright; shrunk by area to `longest_side` where it is larger.

    Like the model's input, it is shrunk before the tone is applied.
    """
    stored = _shrunk(radiograph.pixels, longest_side)
    levels = np.rint(radiograph.tone.table * np.float32(255)).astype(np.uint8)
    index = np.subtract(stored, radiograph.tone.lowest, dtype=np.int32)
    return cv2.imencode(".png", np.take(levels, index, mode="clip"), _FAST)[1].tobytes()


def _shrunk(pixels: NDArray[Any], longest_side: int) -> NDArray[Any]:
    longest = max(pixels.shape)
    if longest <= longest_side:
        return pixels
    rows, columns = (max(1, round(side * longest_side / longest)) for side in pixels.shape)
    return cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
