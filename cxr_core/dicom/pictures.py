"""PNG and JPEG files to grey pixels. Whatever else is in the file, text or EXIF, is left behind."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cxr_core.dicom.codestream import is_whole, jpeg_frame
from cxr_core.dicom.decoders import DECODING_ERRORS, undecodable
from cxr_core.dicom.elements import truncated
from cxr_core.dicom.pixels import grey_of, not_blank
from cxr_core.dicom.screening import check_size

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
_DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def stored_values(data: bytes, source: str) -> NDArray[Any]:
    """rows x columns, uint8 or uint16, of a file whose `source` is `png` or `jpeg`.

    Turned as its EXIF orientation says, since that is how it was looked at; transparency is ignored.
    Raises RejectedFile where it is cut off, damaged, too small, too large, blank or in colour, MemoryError where this
    process may have too little for it.
    """
    check_size(*(_png_size(data) if source == "png" else _jpeg_size(data)))
    try:
        with Image.open(BytesIO(data), formats=[source.upper()]) as picture:
            check_size(picture.height, picture.width)  # of two sizes in one file, this is the one that gets decoded
            pixels = _pixels(ImageOps.exif_transpose(picture))
    except DECODING_ERRORS as error:
        raise undecodable(error, f"The {source.upper()} file is damaged. Send it again.") from error
    return not_blank(grey_of(pixels) if pixels.ndim == 3 else pixels)


def _pixels(picture: Image.Image) -> NDArray[Any]:
    if picture.mode in _DEEP_GREY:
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("1", "L", "LA"):
        return np.asarray(picture.convert("L"))
    return np.asarray(picture.convert("RGB"))


def _png_size(data: bytes) -> tuple[int, int]:
    """Rows and columns of a PNG whose chunks are all there, by its IHDR (ISO/IEC 15948, 11.2.2)."""
    position = len(PNG_SIGNATURE)
    while data[position + 4 : position + 8] != b"IEND":
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        if position + 12 > len(data):
            raise truncated()
    return int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    frame = jpeg_frame(data)
    if not is_whole(data):
        raise truncated()
    return frame.rows, frame.columns
