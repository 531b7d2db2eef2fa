"""What a compressed image says of its own size, read before any decoder is let loose on it.

A header may promise 64 x 64 pixels and its JPEG hold 60,000 x 60,000: the decoders go by the latter.
"""

from __future__ import annotations

from dataclasses import dataclass

from cxr_core.dicom.elements import truncated
from cxr_core.errors import RejectedFile

MAX_SCANS = 200
"""A progressive JPEG of a few kilobytes can ask for thousands of passes over the whole image."""
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7))
"""Start of Frame markers: ITU-T T.81 table B.1, and JPEG-LS's from ITU-T T.87 table C.1."""
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""


@dataclass(frozen=True)
class Frame:
    """The size that the compressed data itself gives."""

    rows: int
    columns: int
    samples: int
    precision: int
    """Bits a sample."""
    process: int = 0
    """JPEG's Start of Frame marker: which of its processes coded the image."""


def jpeg_frame(data: bytes) -> Frame:
    """The frame of a JPEG or JPEG-LS stream. Raises RejectedFile where there is none or it asks for too much."""
    if data.count(b"\xff\xda") > MAX_SCANS:
        raise RejectedFile("undecodable", "The JPEG asks for more passes than any X-ray needs.")
    position = 2
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 10 > len(data):
            raise truncated()
        marker = data[position + 1]
        if marker in _FRAMES:
            return _frame_at(data, position)
        if marker == 0xDA:
            raise RejectedFile("undecodable", "The JPEG has pixels before it says how many.")
        position += _step(data, position)


def _step(data: bytes, position: int) -> int:
    marker = data[position + 1]
    if marker in (0x00, 0xFF):
        return 1
    return 2 if marker in _BARE else 2 + max(2, int.from_bytes(data[position + 2 : position + 4], "big"))


def _frame_at(data: bytes, position: int) -> Frame:
    body = data[position + 4 : position + 10]
    rows, columns = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return Frame(rows, columns, samples=body[5], precision=body[0], process=data[position + 1])


def jpeg2000_stream(data: bytes) -> bytes:
    """The bare codestream (ITU-T T.800 A.2), without the boxes of a JP2 file that may stand before it."""
    start = data.find(b"\xff\x4f\xff\x51", 0, 65536)
    if start < 0:
        raise RejectedFile("undecodable", "The JPEG 2000 image has no size.")
    return data[start:] if start else data


def jpeg2000_frame(stream: bytes) -> Frame:
    """The frame of a bare JPEG 2000 codestream, by its SIZ segment (ITU-T T.800 A.5.1)."""
    if len(stream) < 45:
        raise truncated()
    right, bottom, left, top = (int.from_bytes(stream[at : at + 4], "big") for at in range(8, 24, 4))
    samples = int.from_bytes(stream[40:42], "big")
    return Frame(bottom - top, right - left, samples, precision=(stream[42] & 0x7F) + 1)


def is_whole(data: bytes) -> bool:
    """Whether the stream carries its end marker, FFD9, after its last start of scan or tile."""
    return data.rfind(b"\xff\xd9") > max(data.rfind(b"\xff\xda"), data.rfind(b"\xff\x93"))
