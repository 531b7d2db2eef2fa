"""What performance to expect without labels, from calibrated probabilities alone (NannyML's CBPE).

Where a probability is calibrated, an image called pneumonia at p is right with chance p. That is all this knows: it
sees other patients and harder pictures, and is blind to a disease that looks otherwise than before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.grid import Counts, Grid

DRAWS = 400
"""Samples drawn anew from the counts, for the interval."""
Column = NDArray[np.float64]
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval by the images at hand, not by how well calibrated the model is; all 0..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Performance:
    """Of answers at the threshold; None where there are no images to tell it from."""

    n: int
    accuracy: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    auc: Estimate | None


def expected(grid: Grid, counts: Counts, threshold: float) -> Performance:
    """From counts of calibrated probabilities of pneumonia on `grid`, and the threshold from which it is called so.

    Images are taken to lie in the middle of their bin, and the bin that the threshold cuts on the side of its middle.
    """
    n = int(counts.sum())
    if not n:
        return Performance(0, None, None, None, None)
    chance = np.random.default_rng(n)
    drawn = np.vstack([counts, chance.multinomial(n, counts / n, DRAWS)]).astype(np.float64)
    p = grid.middles
    found = [_estimate(figure) for figure in figures(p, drawn * p, drawn * (1 - p), threshold)]
    return Performance(n, *found)


def figures(p: Column, ill: Rows, well: Rows, threshold: float) -> tuple[Column, ...]:
    """Accuracy, sensitivity, specificity and AUC of each row: how many are ill, and aren't, at each of `p`, ascending.

    Of the AUC, those at the same place are half in order (Hanley & McNeil 1982).
    """
    called = p >= threshold
    tp, fp = ill[:, called].sum(1), well[:, called].sum(1)
    fn, tn = ill[:, ~called].sum(1), well[:, ~called].sum(1)
    pairs = (ill * (np.cumsum(well, axis=1) - well / 2)).sum(1)
    return (tp + tn) / (tp + tn + fp + fn), tp / (tp + fn), tn / (tn + fp), pairs / (ill.sum(1) * well.sum(1))


def _estimate(figure: Column) -> Estimate:
    low, high = np.quantile(figure[1:], [0.025, 0.975])
    return Estimate(float(figure[0]), float(low), float(high))
