"""How limits are drawn around X-rays, and what a number must be to be one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def most(values: NDArray[np.float64], odd_at_most: float) -> float:
    """What all of n values stay up to but for this share of them, and for one at least where there are two or more."""
    odd = max(1, math.floor(odd_at_most * len(values)))
    return float(np.sort(values)[max(0, len(values) - 1 - odd)])


def are_numbers(*values: object) -> bool:
    """Whether all of these are finite numbers: a comparison with anything else would refuse nothing."""
    return all(isinstance(value, int | float) and math.isfinite(value) for value in values)
