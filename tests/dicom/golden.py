"""X-rays whose display was worked out by hand from the standard, in none of the program's own terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.dicom.films import dataset, film, to_bytes
from tests.dicom.test_tone import table_of


@dataclass(frozen=True)
class Golden:
    """A file and what it must look like."""

    data: bytes
    stored: np.ndarray
    brightness: np.ndarray
    """0..1, white is 1."""

    @property
    def greys(self):
        """0..255, by way of the 16 bits that the program keeps brightness in."""
        return np.rint(np.rint(self.brightness * 65535) / 257).astype(np.uint8)


def _linear(centre: float, width: float) -> Callable:
    """PS3.3 C.11.2.1.2.1."""
    return lambda x: np.clip((x - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def _linear_exact(centre: float, width: float) -> Callable:
    """PS3.3 C.11.2.1.3.2."""
    return lambda x: np.clip((x - centre) / width + 0.5, 0, 1)


def _sigmoid(centre: float, width: float) -> Callable:
    """PS3.3 C.11.2.1.3.1."""
    return lambda x: 1 / (1 + np.exp(-4 * (x - centre) / width))


def _window(centre, width, function=None):
    given = {"WindowCenter": str(centre), "WindowWidth": str(width)}
    return given | ({"VOILUTFunction": function} if function else {})


SQUARES = (np.linspace(0, 1, 4096) ** 2 * 65535).round().astype(np.uint16)


def _golden(turn, bits, signed, curve, inverted=False, slope=1.0, intercept=0.0, **attributes) -> Golden:
    stored = np.roll(film(300, 320, bits, signed), turn)  # else those that differ in their header alone are one image
    if inverted:
        attributes["PhotometricInterpretation"] = "MONOCHROME1"
    if (slope, intercept) != (1, 0):
        attributes |= {"RescaleSlope": str(slope), "RescaleIntercept": str(intercept)}
    shown = curve(stored * slope + intercept)
    return Golden(to_bytes(dataset(stored, bits, **attributes)), stored, 1 - shown if inverted else shown)


def _whole(bits, signed):
    """Without any window: black and white are the ends of what is there, here all that the bits hold."""
    low = -(1 << (bits - 1)) if signed else 0
    return lambda x: (x - low) / ((1 << bits) - 1)


def _by_squares(x):
    return SQUARES[x.astype(int)] / 65535


GOLDEN = {
    "8 bit, no window": _golden(1, 8, False, _whole(8, False)),
    "8 bit signed, MONOCHROME1, linear": _golden(2, 8, True, _linear(10, 90), True, **_window(10, 90)),
    "10 bit, sigmoid": _golden(3, 10, False, _sigmoid(500, 300), **_window(500, 300, "SIGMOID")),
    "12 bit, linear": _golden(4, 12, False, _linear(1500, 800), **_window(1500, 800)),
    "12 bit, MONOCHROME1, linear": _golden(5, 12, False, _linear(1500, 800), True, **_window(1500, 800)),
    "12 bit signed, rescaled, linear exact": _golden(
        6, 12, True, _linear_exact(-500, 3000), slope=2.0, intercept=-1024.0, **_window(-500, 3000, "LINEAR_EXACT")
    ),
    "12 bit, table": _golden(7, 12, False, _by_squares, VOILUTSequence=[table_of(0, SQUARES, 16)]),
    "12 bit, MONOCHROME1, table": _golden(8, 12, False, _by_squares, True, VOILUTSequence=[table_of(0, SQUARES, 16)]),
    "14 bit signed, MONOCHROME1, sigmoid": _golden(
        9, 14, True, _sigmoid(1000, 4000), True, **_window(1000, 4000, "SIGMOID")
    ),
    "16 bit, no window": _golden(10, 16, False, _whole(16, False)),
    "16 bit signed, linear": _golden(11, 16, True, _linear(-2000, 30000), **_window(-2000, 30000)),
}
