"""How a DICOM file's pixels lie in its pixel data: the Image Pixel Module, PS3.3 C.7.6.3."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_core.dicom.elements import Header
from cxr_core.errors import RejectedFile

INVERTED = "MONOCHROME1"
"""Low values are white (PS3.3 C.7.6.3.1.2)."""
GREY = (INVERTED, "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")


@dataclass(frozen=True)
class Layout:
    """The attributes without which the pixel data mean nothing."""

    rows: int
    columns: int
    samples: int
    """Values a pixel: 1 for grey, 3 for colours."""
    allocated: int
    """Bits that each value takes: 8 or 16."""
    bits: int
    """Bits Stored: 8 to 16."""
    high_bit: int
    signed: bool
    photometric: str
    by_plane: bool
    """Planar Configuration 1: all red, then all green, then all blue."""


def layout_of(header: Header) -> Layout:
    """The layout that the header gives; raises RejectedFile where it contradicts itself or isn't an X-ray's."""
    allocated = header.integer("BitsAllocated") or 0
    bits = header.integer("BitsStored") or allocated
    high_bit = header.integer("HighBit")
    layout = Layout(
        rows=header.integer("Rows") or 0,
        columns=header.integer("Columns") or 0,
        samples=header.integer("SamplesPerPixel") or 1,
        allocated=allocated,
        bits=bits,
        high_bit=bits - 1 if high_bit is None else high_bit,
        signed=header.integer("PixelRepresentation") == 1,
        photometric=(header.text("PhotometricInterpretation") or "").upper(),
        by_plane=header.integer("PlanarConfiguration") == 1,
    )
    _check(layout)
    return layout


def _check(layout: Layout) -> None:
    if layout.photometric == "PALETTE COLOR":
        raise RejectedFile("colour", "The image is in palette colours. Send the grey X-ray itself.")
    if layout.photometric not in (GREY if layout.samples == 1 else COLOURS):
        raise RejectedFile("undecodable", "The DICOM header doesn't say how its pixels are to be shown.")
    if layout.samples not in (1, 3):
        raise RejectedFile("undecodable", "The image has neither one nor three values a pixel.")
    fits = 8 <= layout.bits <= layout.allocated and layout.bits - 1 <= layout.high_bit < layout.allocated
    if layout.allocated not in (8, 16) or not fits:
        raise RejectedFile("undecodable", "The DICOM header's bit depth isn't one that an X-ray has (8 to 16).")
