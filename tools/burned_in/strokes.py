"""A single-stroke alphabet of our own, as plotters and older workstations write: capitals, digits and a few marks."""

from __future__ import annotations

import cv2
import numpy as np

from cxr_core.records import Floats

_PATHS = {
    "A": "06 20 46,14 34", "B": "00 06 36 45 44 33 03,33 42 41 30 00", "C": "41 30 10 01 05 16 36 45",
    "D": "00 06 26 44 42 20 00", "E": "40 00 06 46,03 33", "F": "40 00 06,03 33", "G": "41 30 10 01 05 16 36 45 43 23",
    "H": "00 06,40 46,03 43", "I": "20 26", "J": "40 45 36 16 05", "K": "00 06,40 03 46", "L": "00 06 46",
    "M": "06 00 23 40 46", "N": "06 00 46 40", "O": "10 30 41 45 36 16 05 01 10", "P": "06 00 30 41 42 33 03",
    "Q": "10 30 41 45 36 16 05 01 10,34 46", "R": "06 00 30 41 42 33 03,23 46",
    "S": "41 30 10 01 02 13 33 44 45 36 16 05", "T": "00 40,20 26",
    "U": "00 05 16 36 45 40", "V": "00 26 40", "W": "00 16 22 36 40", "X": "00 46,40 06",
    "Y": "00 23 40,23 26", "Z": "00 40 06 46",
    "0": "10 30 41 45 36 16 05 01 10", "1": "11 20 26,16 36", "2": "01 10 30 41 42 06 46",
    "3": "01 10 30 41 42 33 13,33 44 45 36 16 05", "4": "36 30 04 44", "5": "40 00 02 32 43 45 36 16 05",
    "6": "30 10 01 05 16 36 45 44 33 13 04", "7": "00 40 16", "8": "10 30 41 42 33 13 02 01 10,13 04 05 16 36 45 44 33",
    "9": "42 33 13 02 01 10 30 41 45 36 16", ".": "25 26", ",": "25 17", "-": "13 33", "/": "06 40",
    ":": "22 23,25 26", " ": "",
}  # fmt: skip
"""Each letter's lines, as points: column 0 to 4 from the left, row 0 to 6 from the top."""


def stroked(text: str, height: int, thickness: int) -> Floats:
    """How far `text`, in capitals of `height` pixels and lines of `thickness`, covers each pixel: 0..1."""
    unit, margin = (height - 1) / 6, thickness + 1
    pitch = 6 * unit
    covered = np.zeros((height + 2 * margin, round(pitch * len(text)) + 2 * margin), np.uint8)
    for place, letter in enumerate(text.upper()):
        for line in filter(None, _PATHS[letter].split(",")):
            points = [(margin + pitch * place + unit * int(x), margin + unit * int(y)) for x, y in line.split()]
            fixed = np.rint(np.array(points) * 16).astype(np.int32)
            cv2.polylines(covered, [fixed], False, 255, thickness, cv2.LINE_AA, 4)
    return covered.astype(np.float32) / 255
