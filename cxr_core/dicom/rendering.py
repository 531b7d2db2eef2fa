"""An X-ray as the viewer draws it: every stored value, the curve that shows them, and nothing that identifies."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.tone import to_steps
from cxr_core.records import Radiograph

_HEADER = struct.Struct("<4sIIiIff")
MAGIC = b"CXR1"
"""How a picture begins, once it is unpacked."""
_GZIP = 31
"""zlib's number for the largest window in a gzip wrapping, which browsers unpack themselves."""


def to_picture(radiograph: Radiograph) -> bytes:
    """The picture of an X-ray for browsers, gzipped; little endian and without metadata.

    A header: `CXR1`, rows, columns, lowest stored value, number of curve entries, millimetres between rows and between
    columns at the detector (0 where unknown). The curve: for each stored value from the lowest on, its brightness in
    units of 1/65535. Then the values row by row, less the lowest and each less the one before it, modulo 65536: all
    upper bytes, then all lower ones.
    """
    rows, columns = radiograph.pixels.shape
    curve, spacing = to_steps(radiograph.tone), radiograph.pixel_spacing or (0.0, 0.0)
    header = _HEADER.pack(MAGIC, rows, columns, radiograph.tone.lowest, len(curve), *spacing)
    return _packed(header + curve.astype("<u2").tobytes() + _planes(radiograph))


def _planes(radiograph: Radiograph) -> bytes:
    """Neighbours differ little, so the upper bytes of their differences are nearly all the same."""
    steps = np.diff(_above_lowest(radiograph), prepend=np.uint16(0))
    return (steps >> 8).astype(np.uint8).tobytes() + steps.astype(np.uint8).tobytes()


def _above_lowest(radiograph: Radiograph) -> NDArray[np.uint16]:
    """Stored values less the lowest, in a row; those outside the curve take its ends."""
    last = len(radiograph.tone.table) - 1
    values: NDArray[Any] = radiograph.pixels.astype(np.int32).ravel() - radiograph.tone.lowest
    return np.clip(values, 0, last).astype(np.uint16)


def _packed(data: bytes) -> bytes:
    """Runs and Huffman's code alone: noise holds no longer repetitions, and nobody should wait for their search."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP, 9, zlib.Z_RLE)
    return packer.compress(data) + packer.flush()
