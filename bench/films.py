"""X-rays of 2000 x 2000 and 12 bit in any number, each of a patient of its own, quickly made from a few phantoms."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import pydicom

from bench.subjects import big_study

PHANTOMS = 2
FIRST = 7000
"""The number of the first phantom, which has four digits as all of them."""
PIXELS = 8_000_000
"""Bytes, at the end of the file."""


@dataclass(frozen=True)
class Film:
    """A DICOM file, in parts that are written one after the other."""

    instance: str
    """Its SOP Instance UID."""
    parts: tuple[bytes | memoryview, ...]

    def write(self, path: Path) -> Path:
        """Put it there."""
        with open(path, "wb") as file:
            file.writelines(self.parts)
        return path


def film(number: int) -> Film:
    """The X-ray with this number, below ten thousand: no two have the same name, patient or pixels."""
    header, pixels, own = _phantom(number % PHANTOMS)
    instance, patient = own[:-12] + f"{number:012}", f"{FIRST + number % PHANTOMS}".encode()
    named = header.replace(own.encode(), instance.encode()).replace(
        b"TIC-" + patient, b"TIC-" + f"{number:04}".encode()
    )
    corner = struct.pack("<4H", number // 4096, number % 4096, number // 4096, number % 4096)
    return Film(instance, (named, corner, pixels[len(corner) :]))


@cache
def _phantom(place: int) -> tuple[bytes, memoryview, str]:
    """Header, pixels and SOP Instance UID."""
    whole = big_study(FIRST + place, bool(place % 2))
    own = str(pydicom.dcmread(BytesIO(whole), stop_before_pixels=True).SOPInstanceUID)
    return whole[:-PIXELS], memoryview(whole)[-PIXELS:], own
