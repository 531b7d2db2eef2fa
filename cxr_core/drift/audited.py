"""How right the model's answers were, by readers who hadn't seen them: to stand beside what was expected of them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from cxr_core.drift.agreement import wilson
from cxr_core.drift.expected import Estimate, Performance, Rows, figures
from cxr_core.drift.grid import Counts, Grid

FEWEST = 10
"""Of those with pneumonia, and of those without, below which nothing is told."""


def audited(grid: Grid, counts: Counts, threshold: float) -> Performance:
    """From counts of what was found (1 for pneumonia, else 0) less the probability, on a `grid` over -1..1 around 0.

    The difference tells both: above 0 it is 1 - p of one who is ill, below 0 it is -p of one who isn't. Intervals of
    shares by Wilson (1927); of the AUC, too, as of so many trials as there are patients on the smaller side, since it
    varies no more than that (van Dantzig 1951).
    """
    ill, well = _apart(counts)
    n = int(counts.sum())
    if min(ill.sum(), well.sum()) < FEWEST:
        return Performance(n, None, None, None, None)
    p = grid.middles[grid.bins // 2 :]
    (accuracy,), (sensitivity,), (specificity,), (auc,) = figures(p, ill[None], well[None], threshold)
    return Performance(
        n, _share(accuracy, n), _share(sensitivity, int(ill.sum())), _share(specificity, int(well.sum())),
        _share(auc, int(min(ill.sum(), well.sum()))),
    )  # fmt: skip


def differ(expected: Performance, found: Performance) -> list[str]:
    """The figures whose intervals have nothing in common: there the probabilities don't hold for these patients."""
    names = [field.name for field in fields(Performance) if field.name != "n"]
    pairs = ((name, getattr(expected, name), getattr(found, name)) for name in names)
    return [name for name, a, b in pairs if a and b and (a.high < b.low or b.high < a.low)]


def _apart(counts: Counts) -> tuple[Rows, Rows]:
    """Of those who are ill, and who aren't, how many at each probability, ascending."""
    middle = len(counts) // 2
    return counts[middle:][::-1].astype(np.float64), counts[:middle][::-1].astype(np.float64)


def _share(value: float, n: int) -> Estimate:
    return Estimate(float(value), *wilson(round(float(value) * n), n))
