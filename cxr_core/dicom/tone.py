"""From stored values to brightness as one table: PS3.3 C.11.1 (modality LUT) and C.11.2 (VOI LUT).

The table spans the values that the image holds. Its entries are multiples of 1/65535, so that a VOI LUT
of 16 bits keeps the curve exactly. MONOCHROME1 is inverted last, after the VOI LUT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.elements import Header
from cxr_core.dicom.layout import INVERTED, Layout
from cxr_core.records import Tone

STEPS = 65535
"""Brightness 1, in the units that tables are kept in."""
Values = NDArray[np.float64]


def tone_of(header: Header, layout: Layout, pixels: NDArray[Any]) -> Tone:
    """The display curve of `pixels` as the header gives it; where it gives none, their full range."""
    lowest, highest = int(pixels.min()), int(pixels.max())
    values = _modality(header, np.arange(lowest, highest + 1, dtype=np.float64), layout.signed)
    shown = _interest(header, values)
    if shown is None or shown.min() == shown.max():
        shown = _stretched(values, *_judged_range(header, layout, pixels))
    return quantised(1 - shown if is_inverted(header, layout) else shown, lowest)


def is_inverted(header: Header, layout: Layout) -> bool:
    """Whether low values are white: MONOCHROME1, or Presentation LUT Shape INVERSE.

    Both together are one inversion: INVERSE goes with MONOCHROME1 in PS3.3 C.8.11.3.1.2.
    """
    return layout.photometric == INVERTED or (header.text("PresentationLUTShape") or "").upper() == "INVERSE"


def picture_tone(pixels: NDArray[Any]) -> Tone:
    """The curve of a PNG or JPEG: 8 bits as they are, 16 bits over the range that is used."""
    lowest, highest = int(pixels.min()), int(pixels.max())
    values = np.arange(lowest, highest + 1, dtype=np.float64)
    return quantised(values / 255 if pixels.itemsize == 1 else _stretched(values, lowest, highest), lowest)


def quantised(brightness: Values, lowest: int) -> Tone:
    """The Tone of a brightness in 0..1 for each value from `lowest` on, rounded to multiples of 1/65535."""
    return from_steps(np.rint(np.clip(brightness, 0, 1) * STEPS), lowest)


def from_steps(steps: NDArray[Any], lowest: int) -> Tone:
    """The Tone whose table is `steps` / 65535."""
    return Tone((steps / STEPS).astype(np.float32), lowest)


def to_steps(tone: Tone) -> NDArray[np.uint16]:
    """The table of `tone` in units of 1/65535: from_steps turned round, exactly."""
    return np.rint(tone.table.astype(np.float64) * STEPS).astype(np.uint16)


def _stretched(values: Values, low: float, high: float) -> Values:
    """`values` with `low` moved to 0 and `high` to 1; where they are the same, as if each value were one step."""
    if high <= low:
        return np.linspace(0, 1, len(values))
    return np.clip((values - low) / (high - low), 0, 1)


def _modality(header: Header, values: Values, signed: bool) -> Values:
    """Modality LUT Sequence, else rescale slope and intercept, else `values` (PS3.3 C.11.1.1)."""
    if table := _table(header, "ModalityLUTSequence", signed):
        return table.look_up(values)
    slope, intercept = header.numbers("RescaleSlope"), header.numbers("RescaleIntercept")
    if not slope or not intercept or slope[0] == 0:
        return values
    return values * slope[0] + intercept[0]


def _interest(header: Header, values: Values) -> Values | None:
    """0..1 by the first VOI LUT, else by the first window, else None (PS3.3 C.11.2.1)."""
    if table := _table(header, "VOILUTSequence", signed=bool(values.min() < 0)):
        return table.look_up(values) / table.white
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    if not centres or not widths:
        return None
    return window(values, centres[0], widths[0], (header.text("VOILUTFunction") or "LINEAR").upper())


def window(values: Values, centre: float, width: float, function: str) -> Values | None:
    """0..1 by PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT).

    None where `width` isn't one that the function allows; an unknown function counts as LINEAR.
    """
    if width <= 0 or (function not in ("SIGMOID", "LINEAR_EXACT") and width < 1):
        return None
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def _judged_range(header: Header, layout: Layout, pixels: NDArray[Any]) -> tuple[float, float]:
    """The range of `pixels` after the modality LUT, without padding (PS3.3 C.7.5.1.1.2)."""
    padding = header.integer("PixelPaddingValue", layout.signed)
    if padding is not None:
        limit = header.integer("PixelPaddingRangeLimit", layout.signed)
        first, last = sorted((padding, padding if limit is None else limit))
        kept = pixels[(pixels < first) | (pixels > last)]
        pixels = kept if kept.size and kept.min() < kept.max() else pixels
    span = np.arange(int(pixels.min()), int(pixels.max()) + 1, dtype=np.float64)
    judged = _modality(header, span, layout.signed)
    return float(judged.min()), float(judged.max())


@dataclass(frozen=True)
class _Table:
    """A LUT as PS3.3 C.11.1.1 and C.11.2.1.1 have it."""

    first: int
    entries: Values
    white: float

    def look_up(self, values: Values) -> Values:
        """The entry of each value; values before the first and after the last take theirs."""
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1)
        found: Values = np.take(self.entries, index.astype(np.int64))
        return found


def _table(header: Header, keyword: str, signed: bool) -> _Table | None:
    """The first LUT of a sequence, or None where there is none or it contradicts itself."""
    item = next(iter(header.items(keyword)), None)
    descriptor, data = (item.element("LUTDescriptor"), item.element("LUTData")) if item else (None, None)
    if descriptor is None or data is None or len(descriptor.value) < 6:
        return None
    count, first, bits = descriptor.encoding.unpack("HhH" if signed else "HHH", descriptor.value, 0)
    count = count or 65536
    kind = "u1" if len(data.value) < 2 * count else ("<u2" if data.encoding.little else ">u2")
    if len(data.value) < count or not 8 <= bits <= 16:
        return None
    entries = np.frombuffer(data.value, kind, count).astype(np.float64)
    return _Table(first, entries, white=max(float((1 << bits) - 1), float(entries.max())))
