"""Where the values of a signal fall: bins that are the same for ever, so that counts of any days can be added up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxr_core.errors import BadInput

Counts = NDArray[np.signedinteger[Any]]
_DIGITS = 9
"""Of an edge: so that another processor's last digit of a logarithm moves no image into the next bin."""


class Scale(StrEnum):
    """On what a grid's bins are equally wide."""

    LINEAR = "linear"
    ROOT = "root"
    """Of the value: finer near 0, where shares pile up."""
    LOG = "log"
    """For what is told in multiples; it begins above 0, and a value of 0 lies in the first bin."""


@dataclass(frozen=True)
class Grid:
    """Bins from `low` to `high`; what lies beyond falls into the first or the last."""

    low: float
    high: float
    bins: int
    scale: Scale = Scale.LINEAR

    def __post_init__(self) -> None:
        if not (self.low < self.high and self.bins >= 2 and (self.scale is Scale.LINEAR or self.low >= 0)):
            raise BadInput(
                f"{self} has no bins: it needs low < high, two bins or more, and low >= 0 where it isn't linear."
            )
        if self.scale is Scale.LOG and self.low <= 0:
            raise BadInput(f"{self} has no logarithm at its lower end: begin above 0.")

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Between which the bins lie: bins + 1 values, ascending."""
        low, high = _on(self.scale, np.array([self.low, self.high]))
        exact = _off(self.scale, np.linspace(float(low), float(high), self.bins + 1))
        return np.array([float(f"{edge:.{_DIGITS}g}") for edge in exact])

    @cached_property
    def middles(self) -> NDArray[np.float64]:
        """The middle of each bin, on the grid's own scale."""
        ends = _on(self.scale, self.edges)
        return _off(self.scale, (ends[1:] + ends[:-1]) / 2)

    def counts(self, values: ArrayLike) -> Counts:
        """How many of `values` fall into each bin; those that aren't finite into none."""
        numbers = np.asarray(values, np.float64).ravel()
        places = np.searchsorted(self.edges, numbers[np.isfinite(numbers)], side="right") - 1
        return np.bincount(np.clip(places, 0, self.bins - 1), minlength=self.bins)

    def quantile(self, counts: Counts, share: float) -> float | None:
        """The middle of the bin that this share (0..1) of what was counted reaches; None where nothing was."""
        if not (total := counts.sum()):
            return None
        place = np.searchsorted(np.cumsum(counts), max(share * total, 1e-9))
        return float(self.middles[min(int(place), self.bins - 1)])

    def bins_within(self, slack: float) -> int:
        """How many bins a value may move by when it differs by `slack` (0 or more), where they are narrowest."""
        return int(np.ceil(slack / np.diff(self.edges).min() - 1e-6))


def _on(scale: Scale, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if scale is Scale.ROOT:
        return np.sqrt(values)
    return np.log(values) if scale is Scale.LOG else values


def _off(scale: Scale, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if scale is Scale.ROOT:
        return np.square(values)
    return np.exp(values) if scale is Scale.LOG else values
