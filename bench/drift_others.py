"""What other tools' rules say of the same streams, day by day: of all of the site, on the same grids.

Evidently's default preset and CheXstray's score are written anew here: neither can be installed beside pandas 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import chi2, norm

from bench.drift_streams import LAYOUTS, Came
from cxr_core.drift.catalogue import Signal
from cxr_core.drift.compare import distances
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import known
from cxr_core.drift.trace import WINDOW_DAYS
from cxr_core.work.drift.references import Reference

ALPHA, FAR = 0.05, 0.1
"""From what on a column has drifted: its chance, or its distance."""
SHARE = 0.5
"""Of the columns that must have drifted for the data to have."""
MANY = 1000
"""Images of a reference beyond which distances are taken for chances."""
SCORED_DAYS, FEWEST_SCORED, CLIPPED = 30, 150, 10.0
KS, EVIDENTLY_FEW, EVIDENTLY_MANY = "plain KS", "Evidently, site's reference", "Evidently, model's reference"
NEVER_MOVES = ("shorter", "elongation")
"""Signals that are the same of every image here, whatever comes."""
Days = NDArray[np.bool_]
Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One signal: its reference's counts, and those of the window up to each day (days x bins)."""

    signal: Signal
    reference: Counts
    rows: Counts


def cries(came: Came, reference: Reference) -> dict[str, Days]:
    """On which days each rule says drift, by its name."""
    few, many = columns(came, came.reference, WINDOW_DAYS), columns(came, _models(reference), WINDOW_DAYS)
    unlikely = np.array([chances(column) < ALPHA for column in few])
    return {
        KS: unlikely.any(0),
        EVIDENTLY_FEW: unlikely.mean(0) >= SHARE,
        EVIDENTLY_MANY: np.array([how_far(column) >= FAR for column in many]).mean(0) >= SHARE,
    }


def score(came: Came, calm: int) -> Figures:
    """CheXstray's score of each day, positive where it sees drift, standardised over the first `calm` days; NaN
    while there are too few images.

    Weights are equal, for there are no labels. Windows aren't drawn anew from: that adds chance and nothing else.
    """
    found = columns(came, came.reference, SCORED_DAYS)
    metrics = np.array([_metric(column) for column in found])
    enough = _window(came.images[:, None], SCORED_DAYS)[:, 0] >= FEWEST_SCORED
    usual = metrics[:, :calm][:, enough[:calm]]
    spread = usual.std(1)
    z = (metrics - usual.mean(1)[:, None]) / np.where(spread > 0, spread, 1)[:, None]
    return np.where(enough, np.clip(z, -CLIPPED, CLIPPED).mean(0), np.nan)


def columns(came: Came, references: tuple[Counts, Counts], days: int) -> list[Column]:
    """Every signal that is known of these X-rays; `references` are rows of counts by layout, to be added up."""
    return [
        Column(signal, layout.of(reference.sum(0), signal.name)[:-1], rows[:, layout.parts[signal.name]][:, :-1])
        for layout, reference, tallies in zip(LAYOUTS, references, came.tallies, strict=True)
        for rows in [_window(tallies.sum(0), days)]
        for signal in known(layout, reference.sum(0))
        if signal.name not in NEVER_MOVES
    ]


def chances(column: Column) -> Figures:
    """Of each day's window: Kolmogorov-Smirnov's of numbers, chi-squared of words, a test of shares of two words."""
    n, m = column.rows.sum(1), column.reference.sum()
    if column.signal.grid:
        return kolmogorov(np.sqrt(n * m / (n + m)) * distances(column.reference, column.rows))
    seen = ((column.rows > 0) | (column.reference > 0)).sum(1)
    several = chi2.sf(_against(column.reference / m * n[:, None], column.rows), np.maximum(seen - 1, 1))
    return np.where(n == 0, 1.0, np.where(seen > 2, several, _of_two(column)))


def how_far(column: Column) -> Figures:
    """Of each day's window: Wasserstein's distance in standard deviations, or Jensen-Shannon's of words."""
    n = np.maximum(column.rows.sum(1), 1)[:, None]
    ours, theirs = column.rows / n, column.reference / column.reference.sum()
    grid = column.signal.grid
    if grid is None:
        middle = (ours + theirs) / 2
        return np.sqrt((_information(ours, middle) + _information(theirs, middle)) / 2)
    apart = np.abs(np.cumsum(ours, 1) - np.cumsum(theirs))[:, :-1] @ np.diff(grid.middles)
    mean = theirs @ grid.middles
    return apart / max(float(np.sqrt(theirs @ (grid.middles - mean) ** 2)), 0.001)


def _models(reference: Reference) -> tuple[Counts, Counts]:
    return reference.pictures[None], reference.opinions[None]


def _metric(column: Column) -> Figures:
    """Kolmogorov-Smirnov's distance of numbers; of words chi-squared of the table of both, corrected for two words."""
    if column.signal.grid:
        return distances(column.reference, column.rows)
    n, m = column.rows.sum(1)[:, None], column.reference.sum()
    both = (column.rows + column.reference) / (n + m)
    correction = np.where((both > 0).sum(1) == 2, 0.5, 0.0)
    return _against(both * n, column.rows, correction) + _against(both * m, column.reference[None], correction)


def _against(expected: Figures, seen: Counts, correction: Figures | float = 0.0) -> Figures:
    """Chi-squared of each row; without bound where something is seen that can't be."""
    away = np.maximum(np.abs(seen - expected) - np.reshape(correction, (-1, 1)), 0)
    terms = np.divide(away**2, expected, out=np.where(seen > 0, np.inf, 0.0) + 0 * expected, where=expected > 0)
    return terms.sum(1)


def _of_two(column: Column) -> Figures:
    """Two-sided, of the reference's commonest word."""
    word, n, m = int(column.reference.argmax()), np.maximum(column.rows.sum(1), 1), column.reference.sum()
    ours, theirs = column.rows[:, word] / n, column.reference[word] / m
    pooled = (column.rows[:, word] + column.reference[word]) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return 2 * norm.sf(np.abs(ours - theirs) / np.where(error > 0, error, np.inf))


def _information(shares: Figures, middle: Figures) -> Figures:
    ratio = np.divide(shares, middle, out=np.ones_like(middle), where=(middle > 0) & (shares > 0))
    return np.asarray((shares * np.log(ratio)).sum(1))


def _window(daily: Counts, days: int) -> Counts:
    """What came in up to each day, and in the `days` before it."""
    total = np.cumsum(daily, axis=0)
    return total - np.vstack([np.zeros((days, total.shape[1]), total.dtype), total[:-days]])
