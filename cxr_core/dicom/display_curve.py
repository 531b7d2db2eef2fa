"""An X-ray's display curve as DICOM writes it down: an item of VOI LUT Sequence, PS3.3 C.11.2.1.1."""

from __future__ import annotations

from pydicom.dataset import Dataset

from cxr_core.dicom.tone import STEPS, to_steps
from cxr_core.records import Tone


def display_curve(tone: Tone, inverted: bool, signed: bool) -> Dataset:
    """The tone as a LUT of 16 bits over stored values, before its inversion where the image is `inverted`.

    65536 entries are written as 0.
    """
    steps = STEPS - to_steps(tone) if inverted else to_steps(tone)
    item = Dataset()
    count = len(steps) & 0xFFFF
    if signed:
        item.add_new("LUTDescriptor", "SS", [count - 65536 if count > 32767 else count, tone.lowest, 16])
    else:
        item.add_new("LUTDescriptor", "US", [count, tone.lowest, 16])
    item.add_new("LUTData", "OW", steps.astype("<u2").tobytes())
    return item
