"""Prepared images with what is known of each, as training and judging take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """n images as the model sees them, with labels and patients."""

    grey: NDArray[np.uint8]
    """n x size x size, brightness in 0..255 after the card's stretch."""
    labels: NDArray[np.int64]
    """n, indices into records.CLASSES."""
    patients: Sequence[str]
    """n; images of one patient are not independent."""
    weights: NDArray[np.float32] | None = None
    """n, how much each label counts, 0 to 1; None: all alike."""

    def __len__(self) -> int:
        return len(self.labels)


def as_bytes(grey: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Brightness in 0..1 as 0..255, rounded."""
    return np.round(grey * 255).astype(np.uint8)
