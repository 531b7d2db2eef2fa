"""DICOM's RLE compression, PS3.5 annex G, read here because the fast decoder dies on damaged data."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.elements import truncated
from cxr_core.dicom.layout import Layout
from cxr_core.errors import RejectedFile

_HEADER = 64
_NO_RUN = 128


def decode(stream: bytes, layout: Layout) -> NDArray[Any]:
    """rows x columns, or rows x columns x 3, unsigned; raises RejectedFile where the stream is damaged."""
    offsets = _segment_offsets(stream, layout.samples * layout.allocated // 8)
    count = layout.rows * layout.columns
    segments = [_unpacked(stream[start:end], count) for start, end in pairwise(offsets)]
    # Most significant bytes come first: PS3.5 G.2.
    bytes_of = np.stack([np.frombuffer(segment, np.uint8) for segment in segments])
    samples = bytes_of.reshape(layout.samples, layout.allocated // 8, count)[:, ::-1]
    values = np.ascontiguousarray(np.moveaxis(samples, 1, -1)).view(f"<u{layout.allocated // 8}")
    planes = values.reshape(layout.samples, layout.rows, layout.columns)
    return planes[0] if layout.samples == 1 else np.moveaxis(planes, 0, -1)


def _segment_offsets(stream: bytes, expected: int) -> list[int]:
    """Where each segment begins, and where the last one ends: PS3.5 G.5."""
    if len(stream) < _HEADER:
        raise truncated()
    count, *offsets = struct.unpack_from("<16L", stream)
    begun = [*offsets[:expected], len(stream)]
    if count != expected or begun[0] < _HEADER or sorted(begun) != begun:
        raise RejectedFile("undecodable", "The RLE-compressed image is damaged. Send it again.")
    return begun


def _unpacked(packed: bytes, size: int) -> bytes:
    """`size` bytes of one segment, by the PackBits scheme of PS3.5 G.3, and never more than that."""
    unpacked = bytearray()
    position = 0
    while len(unpacked) < size:
        if position >= len(packed):
            raise truncated()
        head = packed[position]
        if head < _NO_RUN:
            unpacked += packed[position + 1 : position + 2 + head]
            position += 2 + head
        elif head > _NO_RUN:
            unpacked += packed[position + 1 : position + 2] * (257 - head)
            position += 2
        else:
            position += 1
    return bytes(unpacked[:size])
