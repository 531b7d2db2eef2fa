"""The few DICOM elements that this program needs, read by allow-list and without copying.

A general reader builds an object for every element that a sender cares to send, decodes names on the
way and quotes bad values in its warnings. This one walks the file (PS3.5 chapter 7), keeps only what is
named in KEYWORDS, as views into the bytes, and gives up after MAX_ELEMENTS steps.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword

from cxr_core.errors import RejectedFile

KEYWORDS = (
    "MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID",
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
    "StudyDate", "Modality", "Manufacturer", "StationName",
    "ManufacturerModelName", "DerivationDescription", "AnatomicRegionSequence",
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge",
    "BodyPartExamined", "KVP", "DeviceSerialNumber", "ExposureTime", "XRayTubeCurrent", "Exposure", "ExposureInuAs",
    "ImagerPixelSpacing", "ViewPosition", "ExposureTimeInuS", "XRayTubeCurrentInuA", "ViewCodeSequence",
    "PatientOrientation",
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue",
    "PixelPaddingRangeLimit", "QualityControlImage", "BurnedInAnnotation", "WindowCenter", "WindowWidth",
    "RescaleIntercept", "RescaleSlope", "VOILUTFunction", "LossyImageCompression", "ModalityLUTSequence",
    "VOILUTSequence", "PresentationLUTShape", "PixelData", "LUTDescriptor", "LUTData",
    "CodeValue", "CodingSchemeDesignator", "CodeMeaning",
)  # fmt: skip
MAX_ELEMENTS = 100_000
"""Steps through one header, nested elements included: an X-ray's has a few hundred."""
MAX_DEPTH = 32
UNDEFINED = 0xFFFFFFFF

_TAGS = {keyword: tag_for_keyword(keyword) for keyword in KEYWORDS}
_WANTED = frozenset(tag for tag in _TAGS.values() if tag is not None)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA = 0x7FE00010
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Those whose length takes four bytes: PS3.5 7.1.2."""
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
VRS = _LONG_VRS | _SHORT_VRS


@dataclass(frozen=True)
class Encoding:
    """How a data set's elements are written: PS3.5 7.1."""

    explicit: bool
    little: bool = True

    def unpack(self, letters: str, data: memoryview, start: int) -> tuple[int, ...]:
        """Integers of struct's `letters` at `start`; raises RejectedFile where the file ends before."""
        if start + struct.calcsize(f"<{letters}") > len(data):
            raise truncated()
        return struct.unpack_from(("<" if self.little else ">") + letters, data, start)


@dataclass(frozen=True)
class Element:
    """One element: its value is a view into the file."""

    vr: bytes
    """Two letters, empty where the encoding is implicit."""
    value: memoryview
    encoding: Encoding
    defined: bool
    """Whether its length was given; encapsulated pixel data and many sequences have none."""


@dataclass(frozen=True)
class _Token:
    tag: int
    vr: bytes
    length: int
    start: int
    """Where the value begins."""


def truncated() -> RejectedFile:
    """The refusal of a file that ends too early."""
    return RejectedFile("truncated", "The file is cut off: it ends before its image does. Send it again.")


class Walker:
    """Steps over a data set in `data` and keeps count, so that no header can hold it up."""

    def __init__(self, data: memoryview, wanted: frozenset[int] | None = None) -> None:
        self.data = data
        self.wanted = _WANTED if wanted is None else wanted
        self.left = MAX_ELEMENTS

    def token(self, position: int, encoding: Encoding) -> _Token:
        """The head of the element at `position`."""
        self.left -= 1
        if self.left < 0:
            raise RejectedFile("undecodable", "The DICOM header has more elements than any X-ray needs.")
        group, element = encoding.unpack("HH", self.data, position)
        tag = group << 16 | element
        vr = bytes(self.data[position + 4 : position + 6])
        if not encoding.explicit or group == 0xFFFE or vr not in VRS:
            return _Token(tag, b"", encoding.unpack("L", self.data, position + 4)[0], position + 8)
        if vr in _LONG_VRS:
            return _Token(tag, vr, encoding.unpack("L", self.data, position + 8)[0], position + 12)
        return _Token(tag, vr, encoding.unpack("H", self.data, position + 6)[0], position + 8)

    def end_of(self, token: _Token, encoding: Encoding) -> int:
        """Where the element of `token` ends; raises RejectedFile where that is beyond the file."""
        if token.length == UNDEFINED:
            return self._end_of_nested(token.start, _inside(token, encoding))
        if token.start + token.length > len(self.data):
            raise truncated()
        return token.start + token.length

    def _end_of_nested(self, position: int, encoding: Encoding) -> int:
        open_parts = [encoding]
        while open_parts:
            token = self.token(position, open_parts[-1])
            position = token.start
            if token.tag in (_ITEM_END, _SEQUENCE_END):
                open_parts.pop()
            elif token.length == UNDEFINED:
                open_parts.append(_inside(token, open_parts[-1]))
            else:
                position = self.end_of(token, open_parts[-1])
            if len(open_parts) > MAX_DEPTH:
                raise RejectedFile("undecodable", "The DICOM header is nested deeper than any X-ray's.")
        return position

    def collect(self, position: int, end: int, encoding: Encoding, group: int | None = None) -> tuple[Header, int]:
        """The wanted elements from `position` to `end`, or to the end of `group`, and where that was."""
        found: dict[int, Element] = {}
        while end - position >= 8:
            token = self.token(position, encoding)
            if token.tag == _ITEM_END or (group is not None and token.tag >> 16 != group):
                break
            position = len(self.data) if token.tag == _PIXEL_DATA else self.end_of(token, encoding)
            if token.tag in self.wanted:
                found[token.tag] = self._element(token, position, encoding)
            if token.tag == _PIXEL_DATA:
                break
        return Header(found), position

    def _element(self, token: _Token, end: int, encoding: Encoding) -> Element:
        defined = token.length != UNDEFINED
        end = min(end, token.start + token.length) if defined else end
        return Element(token.vr, self.data[token.start : end], _inside(token, encoding), defined)


def _inside(token: _Token, encoding: Encoding) -> Encoding:
    """How the elements within `token` are written: inside UN always implicit, PS3.5 6.2.2."""
    return Encoding(explicit=False) if token.vr == b"UN" else encoding


@dataclass(frozen=True)
class Header:
    """The wanted elements of a data set, by keyword; a value that doesn't fit its element reads as absent."""

    elements: dict[int, Element]

    def element(self, keyword: str) -> Element | None:
        """The element as it stands in the file, or None."""
        return self.elements.get(_TAGS.get(keyword) or tag_for_keyword(keyword) or 0)

    def texts(self, keyword: str) -> list[str]:
        """The values of a text element, stripped, without empty ones."""
        element = self.element(keyword)
        if element is None or len(element.value) > 1024:
            return []
        text = bytes(element.value).decode(self._charset(), errors="replace")
        return [part.strip(" \0\t\r\n") for part in text.split("\\") if part.strip(" \0\t\r\n")]

    def text(self, keyword: str) -> str | None:
        """The first value of a text element, or None."""
        return next(iter(self.texts(keyword)), None)

    def numbers(self, keyword: str) -> list[float]:
        """The finite values of a DS or IS element; none where one of them isn't a number."""
        try:
            values = [float(text) for text in self.texts(keyword)]
        except ValueError:
            return []
        return values if all(math.isfinite(value) for value in values) else []

    def integer(self, keyword: str, signed: bool = False) -> int | None:
        """The first value of a US or SS element, or None."""
        element = self.element(keyword)
        if element is None or len(element.value) < 2:
            return None
        return element.encoding.unpack("h" if signed else "H", element.value, 0)[0]

    def items(self, keyword: str) -> list[Header]:
        """The items of a sequence, or none; raises RejectedFile where the sequence is cut off."""
        element = self.element(keyword)
        return [] if element is None else list(items_of(element))

    def _charset(self) -> str:
        element = self.elements.get(_TAGS["SpecificCharacterSet"] or 0)
        return "utf-8" if element is not None and b"ISO_IR 192" in bytes(element.value[:64]) else "latin-1"


def items_of(element: Element, wanted: frozenset[int] | None = None) -> Iterable[Header]:
    """The items of a sequence, with the elements of KEYWORDS or of these tags; raises RejectedFile if cut off."""
    walker, position = Walker(element.value, wanted), 0
    while len(element.value) - position >= 8:
        token = walker.token(position, element.encoding)
        if token.tag != _ITEM:
            return
        end = walker.end_of(token, element.encoding)
        yield walker.collect(token.start, end, element.encoding)[0]
        position = end


def fragments(element: Element) -> list[memoryview]:
    """The fragments of encapsulated pixel data, offset table first (PS3.5 A.4); raises RejectedFile if cut off."""
    walker, position = Walker(element.value), 0
    found: list[memoryview] = []
    while True:
        token = walker.token(position, element.encoding)
        if token.tag == _SEQUENCE_END:
            return found
        if token.tag != _ITEM or token.length == UNDEFINED:
            raise RejectedFile("undecodable", "The compressed image isn't packed as DICOM says.")
        position = walker.end_of(token, element.encoding)
        found.append(element.value[token.start : position])
