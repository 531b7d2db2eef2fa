"""What the network sees in few numbers: an image's features along the main directions in which a reference's differ."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cxr_core.errors import ModelError

_HALF = np.dtype("<f2")
_SPREAD = 1e-3
"""Standard deviation of a direction below which images don't differ along it, but for rounding."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Axes:
    """Principal axes of a reference's embeddings, small enough for a card."""

    count: int
    arrays: str
    """The middle, then the axes, each over its own spread: (1 + count) x width, half floats, base64."""

    def __post_init__(self) -> None:
        try:
            fits = self.count > 0 and self._parts.size > 0 and np.isfinite(self._parts).all()
        except ValueError:
            fits = False
        if not fits:
            raise ModelError("the card's axes are damaged: bring the card back from a backup")

    @cached_property
    def _parts(self) -> Numbers:
        values = np.frombuffer(base64.b64decode(self.arrays, validate=True), _HALF).astype(np.float64)
        return values.reshape(1 + self.count, -1)

    def project(self, embeddings: NDArray[np.floating]) -> Numbers:
        """n x count from pooled features (n x width): 0 in the reference's middle, in its standard deviations."""
        middle, *axes = self._parts
        return (_spread_evenly(embeddings) - middle) @ np.array(axes).T


def fit(embeddings: NDArray[np.floating], count: int) -> Axes:
    """The axes of n x width pooled features, n > count and width >= count.

    The sign of each is such that its largest part is positive. Where the features don't differ in so many directions,
    the last axes are 0, and so is what lies along them.
    """
    seen = _spread_evenly(embeddings)
    middle = seen.mean(0)
    _, spread, axes = np.linalg.svd(seen - middle, full_matrices=False)
    axes = axes[:count] * np.sign(axes[np.arange(count), np.abs(axes[:count]).argmax(1)])[:, None]
    deviations = (spread[:count] / np.sqrt(len(seen)))[:, None]
    scaled = np.where(deviations > _SPREAD, axes / np.maximum(deviations, _SPREAD), 0)
    kept = np.vstack([middle, scaled]).astype(_HALF)
    return Axes(count, base64.b64encode(kept.tobytes()).decode("ascii"))


def _spread_evenly(embeddings: NDArray[np.floating]) -> Numbers:
    """Their roots: pooled rectified features spread like squares."""
    return np.sqrt(np.maximum(np.asarray(embeddings, np.float64), 0))
