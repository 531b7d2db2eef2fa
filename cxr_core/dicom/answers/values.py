"""Which values of a header are fit to be sent back: PS3.5 6.2, value by value, as bytes and never decoded.

A text stays the bytes that it is, so that it means in the archive what it meant there before, whatever its character
set, declared or not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime

LONGEST = 1024
"""Bytes of a value: the longest that is kept, a Short Text, has as many characters."""
TEXTS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""Value representations that Specific Character Set applies to (PS3.5 6.1.2.2)."""
CHARACTER_SETS = frozenset(
    [
        "", "GB18030", "GBK", "ISO_IR 13", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 126",
        "ISO_IR 127", "ISO_IR 138", "ISO_IR 144", "ISO_IR 148", "ISO_IR 166", "ISO_IR 192", "ISO_IR 203",
        "ISO 2022 IR 6", "ISO 2022 IR 13", "ISO 2022 IR 58", "ISO 2022 IR 87", "ISO 2022 IR 100", "ISO 2022 IR 101",
        "ISO 2022 IR 109", "ISO 2022 IR 110", "ISO 2022 IR 126", "ISO 2022 IR 127", "ISO 2022 IR 138",
        "ISO 2022 IR 144", "ISO 2022 IR 148", "ISO 2022 IR 149", "ISO 2022 IR 159", "ISO 2022 IR 166",
        "ISO 2022 IR 203",
    ]
)  # fmt: skip
"""The terms of PS3.3 C.12.1.1.2."""

_SHAPES = {
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9_ ]{1,16}",
    "DS": r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?",
    "IS": r"[-+]?\d{1,10}",
    "TM": r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?",
    "UI": r"[0-2](\.\d+)+",
}
_TERMS = {
    "ImageLaterality": "[RLUB]",
    "Laterality": "[RL]",
    "LossyImageCompression": "0[01]",
    "PatientOrientation": "[APRLHF]{1,3}",
    "PatientSex": "[MFO]",
    "PhotometricInterpretation": "MONOCHROME[12]|RGB|YBR_[A-Z0-9_]+",
    "TimezoneOffsetFromUTC": r"[+-](0\d|1[0-4])[0-5]\d",
    "UniversalEntityIDType": "DNS|EUI64|ISO|URI|UUID|X400|X500",
}
_COUNTS = {
    "ImagerPixelSpacing": 2, "PatientOrientation": 2, "PixelSpacing": 2, "SeriesInstanceUID": 1, "SOPClassUID": 1,
    "SOPInstanceUID": 1, "StudyInstanceUID": 1,
}  # fmt: skip
_CONTROL = re.compile(rb"[\x00-\x1a\x1c-\x1f\x7f]")
"""Every control character but Escape, which switches character sets (PS3.5 6.1.3)."""
_AROUND = bytes(sorted({*range(0x21), 0x7F} - {0x1B}))
"""What is no part of a value where it stands at an end of it: padding, and what strayed there, such as a line's end."""


def bare(value: bytes) -> bytes:
    """A value without padding and without what strayed to its ends; empty where it says nothing."""
    return value.strip(_AROUND)


def fit(keyword: str, vr: str, value: bytes) -> bytes | None:
    """The value of the element `keyword`, of this value representation, without padding; None where it doesn't fit."""
    value = bare(value)
    if not value or len(value) > LONGEST or _CONTROL.search(value):
        return None
    if keyword == "SpecificCharacterSet":
        return value if _are(value, lambda term: term.strip() in CHARACTER_SETS) else None
    if vr in TEXTS:
        return value if keyword not in _TERMS or _are(value, _is_term(keyword)) else None
    parts = value.split(b"\\")
    if len(parts) != _COUNTS.get(keyword, len(parts)):
        return None
    return value if _are(value, _is_of(vr)) and _are(value, _is_term(keyword)) else None


def _are(value: bytes, is_fit: Callable[[str], bool]) -> bool:
    return value.isascii() and all(is_fit(part.strip(" ")) for part in value.decode("ascii").split("\\"))


def _is_term(keyword: str) -> Callable[[str], bool]:
    terms = re.compile(_TERMS.get(keyword, ".*"))
    return lambda part: terms.fullmatch(part) is not None


def _is_of(vr: str) -> Callable[[str], bool]:
    if vr == "DA":
        return _is_date
    if vr == "DS":
        return lambda part: len(part) <= 16 and _has_shape("DS", part) and math.isfinite(float(part))
    if vr == "UI":
        return lambda part: len(part) <= 64 and _has_shape("UI", part)
    return lambda part: _has_shape(vr, part)


def _has_shape(vr: str, part: str) -> bool:
    return re.fullmatch(_SHAPES[vr], part) is not None


def _is_date(part: str) -> bool:
    if not re.fullmatch(r"\d{8}", part):
        return False
    try:
        datetime.strptime(part, "%Y%m%d")
    except ValueError:
        return False
    return True
