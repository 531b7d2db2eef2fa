"""Chance that falls the same way on every machine: raw PCG64 words, never a library's distributions.

NumPy promises the raw stream of a bit generator for ever, but not what its distributions make of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Chance:
    """A source of chance for one purpose of one numbered thing: equal arguments, equal stream."""

    def __init__(self, number: int, purpose: str) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence((number, zlib.crc32(purpose.encode()))))

    def unit(self) -> float:
        """A number in 0..1, 1 excluded."""
        return (self._bits.random_raw() >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """A number in low..high, evenly spread."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """A whole number in low..high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.whole(0, len(options) - 1)]

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def octets(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """rows x columns bytes, each 0..255."""
        wanted = shape[0] * shape[1]
        words = self._bits.random_raw(-(-wanted // 8)).astype("<u8")
        return words.view(np.uint8)[:wanted].reshape(shape)
