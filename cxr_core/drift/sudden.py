"""Sudden change: evidence gathered image by image since it last spoke for nothing.

Each detector bets on one way in which a signal may change. An image multiplies its evidence by how much likelier the
image is under that change than under the reference; on images that are like the reference the factor is 1 at most on
average, whatever their distribution within the margin that the reference's own size leaves. Evidence that has fallen
below 1 begins anew (Page 1954). From whichever image it begins, it reaches e^h by chance once in e^h times at most
(Ville 1939); so e^h images or more pass on average before a false alarm (Lorden 1971), and the height follows from how
many are allowed, without a simulation.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, ndtri

from cxr_core.drift.catalogue import RARE, About, Signal
from cxr_core.drift.grid import Counts

TILTS = (-1.0, -0.5, 0.5, 1.0)
"""Shifts that are bet on, in standard deviations of the reference."""
TIMES = 3.0
"""A word whose odds become this many times as high."""
MARGIN = 2.0
"""Standard errors by which the reference's own share or mean may be off."""
CEILING = 40.0
"""Evidence is never taken for more: or it would outlast a change that is over by as long as that was."""
Bets = NDArray[np.float64]
"""Detectors x bins: the logarithm of the factor that an image in each bin brings."""


def bets(signal: Signal, reference: Counts) -> Bets:
    """The detectors of a signal, from its reference's counts: bins, then images that lack it."""
    return _bets(signal, tuple(reference.tolist()))


@lru_cache(maxsize=4096)
def _bets(signal: Signal, reference: tuple[int, ...]) -> Bets:
    counts = np.array(reference, np.int64)
    is_header = signal.about is About.HEADER  # of others, images that lack them aren't counted
    if not signal.grid:
        return _rises(counts)[: None if is_header else -1]
    tilted = np.column_stack([_tilted(counts[:-1]), np.zeros(len(TILTS))])
    rises = _rises(np.array([counts[:-1].sum(), counts[-1]]))
    lacking = np.column_stack([np.repeat(rises[1:, :1], signal.bins, axis=1), rises[1:, 1:]])
    return np.vstack([tilted, lacking]) if is_header else tilted


def _tilted(counts: Counts) -> Bets:
    """Bets on a shift up or down: exponential tilts of normal scores, whose mean under the reference is known.

    Two images more are taken for seen, one at either end: what lies out there may be rare, not impossible.
    """
    total = counts.sum()
    middle = (np.cumsum(counts) - counts / 2 + 0.5) / (total + 1)
    scores = ndtri(middle)
    factors = np.exp(np.outer(TILTS, scores))
    seen = counts.copy()
    seen[[0, -1]] += 1
    mean = factors @ seen / seen.sum()
    error = np.sqrt(np.maximum(factors**2 @ seen / seen.sum() - mean**2, 0) / seen.sum())
    return np.log(factors) - np.log(mean + MARGIN * error)[:, None]


def _rises(counts: Counts) -> Bets:
    """For each word a bet that its odds rise: TIMES, or so far that its share rises by RARE where it is rarer.

    Its share is taken to be as high as the reference allows (Clopper & Pearson 1934), for the factor's mean under a
    share of p is (1 + (times - 1) p) / (1 + (times - 1) share).
    """
    total = counts.sum()
    sure = betaincinv(counts + 1, np.maximum(total - counts, 1), ndtr(MARGIN))
    shares = np.where(counts < total, sure, 1.0)
    times = np.maximum(TIMES, 1 + RARE / shares)
    return np.diag(np.log(times)) - np.log1p((times - 1) * shares)[:, None]


def evidence(steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What detectors have gathered after each day, and on which day they began: days x detectors, both.

    `steps` is what each day brings, days x detectors. Below CEILING, whole days never gather more than single images.
    """
    heights, starts = np.zeros_like(steps), np.zeros(steps.shape, np.int64)
    height, start = np.zeros(steps.shape[1]), np.zeros(steps.shape[1], np.int64)
    for day, step in enumerate(steps):
        start = np.where(height > 0, start, day)
        height = np.clip(height + step, 0.0, CEILING)
        heights[day], starts[day] = height, start
    return heights, starts
