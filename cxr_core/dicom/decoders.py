"""One compressed frame to an array, by the decoder that suits its transfer syntax (PS3.5 annex A.4).

gdcm reads lossless and 12-bit JPEG, Pillow 8-bit JPEG, CharLS JPEG-LS, OpenJPEG JPEG 2000; none is under
the GPL. gdcm runs in a process of its own: on some damaged streams it ends the one that it is in. Each
stream's own size is checked first: no decoder is asked for more than the header promised.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import jpeg_ls
import numpy as np
import openjpeg.utils
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from cxr_core.dicom import run_length
from cxr_core.dicom.codestream import Frame, is_whole, jpeg2000_frame, jpeg2000_stream, jpeg_frame
from cxr_core.dicom.elements import truncated
from cxr_core.dicom.layout import Layout
from cxr_core.errors import RejectedFile

LOSSY = frozenset((JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000, HTJ2K))
"""Transfer syntaxes whose images have lost something, unless the header denies it."""
DECODING_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, subprocess.SubprocessError, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What the decoders have been seen to raise on damaged data. A MemoryError is no sign of damage: sizes were checked."""
GDCM_SECONDS = 60
"""Longer than any frame should take: after that the file is refused."""
_GDCM = Path(__file__).with_name("gdcm_process.py")
_DISCRETE_COSINE = (0xC0, 0xC1, 0xC2)
_LOSSLESS = 0xC3
Pixels = NDArray[Any]


def decode(stream: bytes, transfer_syntax: str, layout: Layout) -> Pixels:
    """rows x columns, or rows x columns x 3 with colours as RGB or as `layout` says.

    Raises RejectedFile where the stream is cut off, damaged, not of the size promised, or of an unknown kind,
    MemoryError where this process may have too little for it.
    """
    decoder = _DECODERS.get(transfer_syntax)
    if decoder is None:
        raise RejectedFile("undecodable", "The image is compressed in a way that this program doesn't read.")
    try:
        return decoder(stream, layout)
    except DECODING_ERRORS as error:
        raise undecodable(error, "The compressed image is damaged. Send it again.") from error


def undecodable(error: Exception, words: str) -> RejectedFile | MemoryError:
    """What to raise where decoding ended with one of DECODING_ERRORS: `words`, or that there was too little memory."""
    if "out of memory" in str(error):  # Pillow's word for it: the file may be whole
        return MemoryError(str(error))
    return RejectedFile("undecodable", words)


def _check(frame: Frame, layout: Layout, stream: bytes) -> None:
    if (frame.rows, frame.columns, frame.samples) != (layout.rows, layout.columns, layout.samples):
        raise RejectedFile("undecodable", "The compressed image and its DICOM header disagree about its size.")
    if frame.precision > 16:
        raise RejectedFile("undecodable", "The image has more than 16 bits a pixel.")
    if not is_whole(stream):
        raise truncated()


def _jpeg(stream: bytes, layout: Layout) -> Pixels:
    """ITU-T T.81: Pillow for 8 bits, gdcm for lossless and for extended with 12 bits."""
    frame = jpeg_frame(stream)
    _check(frame, layout, stream)
    if frame.process in _DISCRETE_COSINE and frame.precision == 8:
        with Image.open(BytesIO(stream), formats=["JPEG"]) as picture:
            return np.asarray(picture if layout.samples == 1 else picture.convert("RGB"))
    if frame.process == _LOSSLESS and layout.samples == 1:
        return _gdcm(stream, layout, frame, "lossless")
    if frame.process in _DISCRETE_COSINE and frame.precision == 12 and layout.samples == 1:
        return _gdcm(stream, layout, frame, "extended")
    raise RejectedFile("undecodable", "The image is in a kind of JPEG that this program doesn't read.")


def _gdcm(stream: bytes, layout: Layout, frame: Frame, syntax: str) -> Pixels:
    """By gdcm in a process of its own, which it may bring down; raises RuntimeError where it does."""
    numbers = map(str, (layout.rows, layout.columns, frame.precision))
    command = [sys.executable, "-I", str(_GDCM), syntax, *numbers]
    done = subprocess.run(command, input=stream, capture_output=True, timeout=GDCM_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"gdcm ended with {done.returncode}")
    return _shaped(np.frombuffer(done.stdout, "u1" if frame.precision <= 8 else "<u2"), layout)


def _jpeg_ls(stream: bytes, layout: Layout) -> Pixels:
    frame = jpeg_frame(stream)
    _check(frame, layout, stream)
    decoded, info = jpeg_ls.decode_buffer(stream)
    pixels = np.frombuffer(decoded, "u1" if frame.precision <= 8 else "<u2")
    return _shaped(pixels, layout, by_plane=info["interleave_mode"] == 0)


def _jpeg2000(stream: bytes, layout: Layout) -> Pixels:
    stream = jpeg2000_stream(stream)
    _check(jpeg2000_frame(stream), layout, stream)
    return _shaped(openjpeg.utils.decode(stream, j2k_format=0), layout)


def _shaped(pixels: Pixels, layout: Layout, by_plane: bool = False) -> Pixels:
    """`pixels` as rows x columns, or x 3; raises ValueError where there aren't as many as that takes."""
    if layout.samples == 1:
        return pixels.reshape(layout.rows, layout.columns)
    if by_plane:
        return np.moveaxis(pixels.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
    return pixels.reshape(layout.rows, layout.columns, layout.samples)


_DECODERS: dict[str, Callable[[bytes, Layout], Pixels]] = {
    RLELossless: run_length.decode,
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1), _jpeg),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), _jpeg_ls),
    **dict.fromkeys((JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL), _jpeg2000),
}
