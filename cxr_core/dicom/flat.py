"""Every element of a DICOM file, private ones too, at whatever depth, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from cxr_core.dicom.dicom_file import unpack
from cxr_core.dicom.elements import UNDEFINED, Encoding, Walker
from cxr_core.errors import RejectedFile

TEXTS = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
)
"""The VRs of text (PS3.5 6.2)."""
PIXEL_DATA = 0x7FE00010
_ITEM, _ENDS = 0xFFFEE000, (0xFFFEE00D, 0xFFFEE0DD)


@dataclass(frozen=True, slots=True)
class Flat:
    """One element that isn't a sequence."""

    tag: int
    vr: str
    """As the file says, else as the dictionary does, else `UN`."""
    value: memoryview
    start: int
    """Where its value begins in what the data set lies in."""

    def texts(self) -> list[bytes]:
        """The values of a text element, without padding."""
        parts = bytes(self.value).split(b"\\") if self.vr not in ("LT", "ST", "UT") else [bytes(self.value)]
        return [part.strip(b" \0\r\n\t") for part in parts]


def elements_of(data: bytes) -> Iterator[Flat]:
    """The elements of the file meta information and the data set, up to where the file can't be walked any further.

    Raises RejectedFile where not even the beginning of the data set is found.
    """
    file = unpack(data)
    for tag, element in file.meta.elements.items():
        yield Flat(tag, element.vr.decode(), element.value, 0)
    try:
        yield from _walk(Walker(file.view), file.start, file.encoding)
    except RejectedFile:  # it ends too early, or something else follows
        return


def _walk(walker: Walker, position: int, encoding: Encoding) -> Iterator[Flat]:
    """Into sequences and items, not around them; `around` has the encoding outside of each that has no length."""
    around: list[Encoding] = []
    while len(walker.data) - position >= 8:
        token = walker.token(position, encoding)
        position = token.start
        if token.tag in _ENDS:
            encoding = around.pop() if around else encoding
            continue
        vr = token.vr.decode() or _vr(token.tag)
        if token.tag == _ITEM or vr == "SQ" or (token.length == UNDEFINED and token.tag != PIXEL_DATA):
            if token.length == UNDEFINED:
                around.append(encoding)
                encoding = Encoding(explicit=False) if vr == "UN" and token.tag != _ITEM else encoding
            continue
        position = walker.end_of(token, encoding)
        yield Flat(token.tag, vr, walker.data[token.start : position], token.start)


@cache
def _vr(tag: int) -> str:
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
