"""From packed pixel data to stored values: rows x columns of integers, and nothing but the image in them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from cxr_core.dicom.decoders import decode
from cxr_core.dicom.dicom_file import DicomFile
from cxr_core.dicom.elements import Element, fragments, truncated
from cxr_core.dicom.layout import Layout
from cxr_core.errors import RejectedFile

GREY_TOLERANCE = 6
"""Levels of 255 by which the colours of a grey picture may differ: JPEG rounds them by as much."""
NATIVE = frozenset(
    (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
)
_KEEPS_CHROMA = NATIVE | {RLELossless, JPEGLSLossless, JPEGLSNearLossless}
"""Where YBR_FULL arrives as luma and chroma; decoders of JPEG and JPEG 2000 return RGB."""
Pixels = NDArray[Any]


def stored_values(file: DicomFile, layout: Layout) -> Pixels:
    """rows x columns, uint8, uint16 or int16, as stored; a read-only view of the file where that is possible.

    Raises RejectedFile where the pixel data are missing, cut off, damaged, flat or in colour.
    """
    if file.pixel_data is None:
        raise truncated()
    if file.transfer_syntax in NATIVE:
        pixels = _native(file.pixel_data, layout)
    else:
        stream = b"".join(fragments(file.pixel_data)[1:])
        pixels = decode(stream, file.transfer_syntax, layout)
    if pixels.ndim == 3:
        pixels = grey_of(pixels, layout.photometric == "YBR_FULL" and file.transfer_syntax in _KEEPS_CHROMA)
    return not_blank(_clean(pixels, layout, file.transfer_syntax in NATIVE))


def _native(element: Element, layout: Layout) -> Pixels:
    """PS3.5 8.2 and annex D: one value after the other, in the file's byte order."""
    if layout.photometric in ("YBR_FULL_422", "YBR_PARTIAL_420"):
        raise RejectedFile("colour", "The image is in colour. Send the grey X-ray itself.")
    count = layout.rows * layout.columns * layout.samples
    size = layout.allocated // 8
    if not element.defined or len(element.value) < count * size:
        raise truncated()
    pixels = np.frombuffer(_words(element, size), _dtype(element, size), count)
    if layout.samples == 1:
        return pixels.reshape(layout.rows, layout.columns)
    if layout.by_plane:
        return np.moveaxis(pixels.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return pixels.reshape(layout.rows, layout.columns, layout.samples)


def _dtype(element: Element, size: int) -> str:
    return "u1" if size == 1 else ("<u2" if element.encoding.little else ">u2")


def _words(element: Element, size: int) -> memoryview | bytes:
    """Big endian OW holds bytes in pairs, swapped (PS3.5 7.3); what isn't aligned for integers is copied."""
    if size == 1 and element.vr == b"OW" and not element.encoding.little:
        even = element.value[: len(element.value) // 2 * 2]
        return np.frombuffer(even, ">u2").astype("<u2").tobytes()
    aligned = np.frombuffer(element.value, np.uint8).ctypes.data % size == 0
    return element.value if aligned else bytes(element.value)


def _clean(pixels: Pixels, layout: Layout, native: bool) -> Pixels:
    """Values of `layout.bits` bits with their sign: other bits (overlays of old, PS3.5 8.1.2) are masked off."""
    if layout.high_bit >= layout.bits and native:
        pixels = pixels >> (layout.high_bit + 1 - layout.bits)
    if layout.signed:
        return _signed(pixels, layout.bits)
    wanted = np.dtype(np.uint8 if layout.bits == 8 else np.uint16)
    pixels = pixels if pixels.dtype.kind == "u" else pixels.view(f"u{pixels.itemsize}")
    if layout.bits < pixels.itemsize * 8 and pixels.max() >> layout.bits:
        pixels = pixels & ((1 << layout.bits) - 1)
    return pixels if pixels.dtype == wanted else pixels.astype(wanted)


def _signed(pixels: Pixels, bits: int) -> Pixels:
    """int16, the sign taken from the highest of `bits` bits."""
    if pixels.itemsize == 1:
        return (pixels.view(np.int8) if bits == 8 else pixels).astype(np.int16)
    values = pixels.astype("<i2", copy=False) if pixels.dtype.byteorder == ">" else pixels.view(np.int16)
    spare = 16 - bits
    if spare and (values.max() >> (bits - 1) or values.min() < -(1 << (bits - 1))):
        return (values << spare) >> spare
    return values


def grey_of(pixels: Pixels, chroma: bool = False) -> Pixels:
    """The one grey channel of rows x columns x 3 unsigned `pixels`, RGB, or luma and chroma.

    Raises RejectedFile where the picture has colours: more than GREY_TOLERANCE of 255 between channels.
    """
    first, second, third = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    unit = 1 if pixels.itemsize == 1 else 257
    middle = 1 << (pixels.itemsize * 8 - 1)
    reference = np.full_like(second, middle) if chroma else second
    pair = (second, third) if chroma else (first, third)
    if max(int(cv2.absdiff(channel, reference).max()) for channel in pair) > GREY_TOLERANCE * unit:
        raise RejectedFile("colour", "The image is in colour. Send the grey X-ray itself.")
    return first if chroma else second


def not_blank(pixels: Pixels) -> Pixels:
    """`pixels`; raises RejectedFile where all are the same."""
    if pixels.min() == pixels.max():
        raise RejectedFile("blank", "The image is blank: every pixel has the same value.")
    return pixels
