"""Letters on X-rays: a bitmap font of our own, five dots wide and seven high, for marks and side markers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "01110 00100 00100 00100 00100 00100 01110",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "N": "10001 11001 10101 10101 10011 10001 10001",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "Y": "10001 10001 01010 00100 00100 00100 00100",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}


def lettered(text: str, scale: int) -> NDArray[np.bool_]:
    """The dots of `text` (letters of SYNTHETIC, L, R, AP, PA and spaces), 7 * scale rows high."""
    letters = [np.array([[dot == "1" for dot in row] + [False] for row in _ROWS[letter].split()]) for letter in text]
    dots = np.concatenate(letters, axis=1)[:, :-1]
    return np.repeat(np.repeat(dots, scale, axis=0), scale, axis=1)


def write(grey: NDArray[np.int32], text: str, corner: tuple[int, int], scale: int, level: int) -> None:
    """Set `text` into `grey` in place, its upper left dot at `corner` (row, column), at grey `level`."""
    dots = lettered(text, scale)
    part = grey[corner[0] : corner[0] + dots.shape[0], corner[1] : corner[1] + dots.shape[1]]
    part[dots[: part.shape[0], : part.shape[1]]] = level
