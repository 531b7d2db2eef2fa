"""The invented machines of the demo: how each one sees, and how each one stores what it has seen.

The makers' names are real ones, so that what groups images by maker has something to group; models,
stations and everything else are invented, and no picture of any maker's was used.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.phantoms.exposure import WHITE, Look


@dataclass(frozen=True)
class Machine:
    """An invented machine. Contradictions between its fields show as invalid files, which a test looks for."""

    name: str
    """Its StationName, and what `phantom` calls it."""
    manufacturer: str
    model: str
    rows: int
    columns: int
    spacing: str
    """Millimetres between pixels at the detector, as a decimal string."""
    kilovolts: int
    """Its usual tube voltage; that of a study lies up to 2 beside it."""
    microampere_seconds: int
    """Its usual exposure; that of a study is 0.8 to 1.25 times it."""
    bits: int = 12
    photometric: str = "MONOCHROME2"
    display: str = "LINEAR"
    """How stored values become brightness: LINEAR, LINEAR_EXACT, SIGMOID, VOI LUT, or NONE (CR only)."""
    syntax: UID = ExplicitVRLittleEndian
    signed: bool = False
    """Stored signed, with a rescale (CR only)."""
    modality: str = "DX"
    view: str = "AP"
    marker: str = "R"
    """Letter on the picture, or empty."""
    shutter: bool = False
    """Whether the collimator's edge is on the picture."""
    look: Look = field(default_factory=Look)


MACHINES = (
    Machine("DEMO-SIE-1", "Siemens", "Fictive Ysio P1", 1000, 1280, "0.200", 68, 1600),
    Machine("DEMO-PHI-1", "Philips Medical Systems", "Fictive DigitalDiagnost P2", 1024, 1260, "0.198", 66, 1500,
            display="SIGMOID", syntax=JPEGLSLossless, bits=14, look=Look(flattening=0.24)),
    Machine("DEMO-FUJ-1", "FUJIFILM Corporation", "Fictive FDR P3", 920, 1180, "0.200", 70, 1300, bits=10,
            photometric="MONOCHROME1", syntax=JPEG2000Lossless, marker="", look=Look(detail=0.6, grain=1.2)),
    Machine("DEMO-GEM-1", "GE Healthcare", "Fictive Definium P4", 1140, 1350, "0.190", 72, 1400, bits=14,
            display="VOI LUT", syntax=RLELossless, look=Look(contrast=1.02)),
    Machine("DEMO-CAN-1", "Canon Inc.", "Fictive CXDI P5", 760, 900, "0.320", 65, 1900, display="LINEAR_EXACT",
            syntax=ImplicitVRLittleEndian, shutter=True, look=Look(contrast=0.97)),
    Machine("DEMO-AGF-1", "Agfa", "Fictive CR P6", 880, 1120, "0.250", 63, 2300, modality="CR", bits=8, display="NONE",
            photometric="MONOCHROME1", view="PA", look=Look(detail=0.4)),
    Machine("DEMO-FUJ-2", "FUJIFILM Corporation", "Fictive FCR P7", 920, 1060, "0.200", 62, 2100, modality="CR",
            signed=True, marker="L", shutter=True, look=Look(grain=1.5)),
    Machine("DEMO-CAR-1", "Carestream Health", "Fictive DRX P8", 2000, 2000, "0.139", 73, 1300, syntax=JPEGLSLossless,
            view="PA", look=Look(flattening=0.16)),
    Machine("DEMO-SAM-1", "Samsung Electronics", "Fictive GC P9", 1200, 1440, "0.175", 69, 1700, bits=16,
            photometric="MONOCHROME1", syntax=RLELossless),
)  # fmt: skip
"""The machines that studies come from in turn."""

NEWCOMER = Machine(
    "DEMO-NEW-1", "Shimadzu", "Fictive RADspeed P10", 1100, 1300, "0.200", 85, 800, marker="",
    look=Look(contrast=0.72, flattening=0.55, detail=0.05, grain=4.0),
)  # fmt: skip
"""A machine set up quite otherwise: harder rays and fewer of them, flat, soft and grainy pictures.

It comes late in the demo's story, for the drift page.
"""


def store(ds: Dataset, grey: NDArray[np.int32], machine: Machine) -> None:
    """Fill the pixel and display attributes of `ds` from `grey` (0..65535, white is dense), not yet compressed."""
    top = (1 << machine.bits) - 1
    darkened = grey if machine.photometric == "MONOCHROME2" else WHITE - grey
    stored, low, high = _spread(darkened, machine.display, top)
    offset = 1 << (machine.bits - 1) if machine.signed else 0
    kind = ("i" if machine.signed else "u") + ("1" if machine.bits == 8 else "2")
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, machine.photometric
    ds.Rows, ds.Columns = grey.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8 if machine.bits == 8 else 16), machine.bits, machine.bits - 1
    ds.PixelRepresentation = int(machine.signed)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(offset), "1", "US"
    ds.PresentationLUTShape = "IDENTITY" if machine.photometric == "MONOCHROME2" else "INVERSE"
    _show(ds, machine, low, high)
    ds.PixelData = (stored - offset).astype("<" + kind).tobytes()


def _spread(darkened: NDArray[np.int32], display: str, top: int) -> tuple[NDArray[np.int64], int, int]:
    """Stored values, and those of them that are shown black and white."""
    wide = darkened.astype(np.int64)
    if display == "NONE":
        return wide * top // WHITE, 0, top
    if display == "VOI LUT":
        # Stored as the square root of brightness: the table squares it again.
        return (np.sqrt(wide / WHITE) * top).astype(np.int64), 0, top
    low, high = top // 8, top - top // 6
    return low + wide * (high - low) // WHITE, low, high


def _show(ds: Dataset, machine: Machine, low: int, high: int) -> None:
    """The VOI attributes (PS3.3 C.11.2) that show `low` black and `high` white."""
    if machine.display == "VOI LUT":
        ds.VOILUTSequence = [_squaring_table(machine.bits)]
        return
    if machine.display == "NONE":
        return
    # A sigmoid never quite reaches black and white: a narrower window gives the same steepness.
    width = (high - low) * 7 // 8 if machine.display == "SIGMOID" else high - low
    ds.WindowCenter, ds.WindowWidth = str((low + high) // 2), str(width)
    if machine.display != "LINEAR":
        ds.VOILUTFunction = machine.display


def _squaring_table(bits: int) -> Dataset:
    entries = np.arange(1 << bits, dtype=np.int64)
    table = entries * entries * WHITE // (((1 << bits) - 1) ** 2)
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [1 << bits, 0, 16])
    item.LUTExplanation = "Demo table"
    item.add_new("LUTData", "OW", table.astype("<u2").tobytes())
    return item
