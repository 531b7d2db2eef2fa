"""From the bytes of a DICOM file to its header and its pixel data, still packed (PS3.10 chapter 7)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cxr_core.dicom.elements import VRS, Element, Encoding, Header, Walker, truncated
from cxr_core.errors import RejectedFile

MAX_INFLATED = 256 * 2**20
"""Bytes of a deflated data set: the largest X-ray that is read has 200 MB of pixels."""
_PREFIX_AT = 128
_FILE_META = Encoding(explicit=True)
_BARE_STARTS = (b"\x02\x00\x00\x00", b"\x08\x00\x00\x00", b"\x08\x00\x05\x00", b"\x08\x00\x08\x00", b"\x08\x00\x16\x00")
"""The elements that a data set without preamble can begin with, little endian."""


@dataclass(frozen=True)
class DicomFile:
    """What the rest of the room needs of a DICOM file."""

    header: Header
    pixel_data: Element | None
    transfer_syntax: str


def is_dicom(data: bytes) -> bool:
    """Whether `data` is DICOM by its content: the prefix, or a bare data set that can't be anything else."""
    if data[_PREFIX_AT : _PREFIX_AT + 4] == b"DICM":
        return True
    likely_length = int.from_bytes(data[4:8], "little") <= 64
    return data[:4] in _BARE_STARTS and (data[4:6] in VRS or likely_length)


@dataclass(frozen=True)
class Unpacked:
    """A DICOM file up to where its data set begins."""

    meta: Header
    view: memoryview
    """What the data set lies in: the file, or what its deflated part unpacks to."""
    start: int
    encoding: Encoding
    transfer_syntax: str | None


def unpack(data: bytes) -> Unpacked:
    """Where the data set of a DICOM file begins, and how it is written. Raises RejectedFile."""
    view = memoryview(data)
    start = _PREFIX_AT + 4 if data[_PREFIX_AT : _PREFIX_AT + 4] == b"DICM" else 0
    meta, start = Walker(view).collect(start, len(view), _FILE_META, group=2)
    syntax = meta.text("TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        view, start = memoryview(_inflated(view[start:])), 0
    return Unpacked(meta, view, start, _encoding(view, start, syntax), syntax)


def parse(data: bytes, wanted: frozenset[int] | None = None) -> DicomFile:
    """Header and packed pixel data of a DICOM file. Raises RejectedFile where it can't be walked.

    The header has the elements of `elements.KEYWORDS`, or of these tags.
    """
    file = unpack(data)
    header, _ = Walker(file.view, wanted).collect(file.start, len(file.view), file.encoding)
    together = Header({**file.meta.elements, **header.elements})
    return DicomFile(together, header.element("PixelData"), file.transfer_syntax or _guessed(file.encoding))


def _encoding(view: memoryview, start: int, syntax: str | None) -> Encoding:
    """Explicit where the first element shows a VR: some senders name one transfer syntax and write another."""
    return Encoding(explicit=bytes(view[start + 4 : start + 6]) in VRS, little=syntax != ExplicitVRBigEndian)


def _guessed(encoding: Encoding) -> str:
    return ExplicitVRLittleEndian if encoding.explicit else ImplicitVRLittleEndian


def _inflated(packed: memoryview) -> bytes:
    """The deflated data set (PS3.5 A.5), never more than MAX_INFLATED bytes of it."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(packed, MAX_INFLATED)
    except zlib.error as error:
        raise RejectedFile("undecodable", "The deflated DICOM file is damaged. Send it again.") from error
    if inflater.eof:
        return data
    if inflater.unconsumed_tail or len(data) >= MAX_INFLATED:
        raise RejectedFile("too_large", "The deflated DICOM file unpacks to more than any X-ray needs.")
    raise truncated()
