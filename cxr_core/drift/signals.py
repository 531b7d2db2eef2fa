"""Does a signal still look like its reference? Quiet when nothing is wrong, and when it can't know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogorov

from cxr_core.drift.catalogue import slack
from cxr_core.drift.sketch import PROBABILITIES, Sketch, rounded
from cxr_core.errors import BadInput

ENOUGH = 30
"""Images below which nothing is said: of eleven signals and against 500 images, fewer than 30 would reach
significance only at a distance above 0.32, a shift of most of a standard deviation, so that 'steady'
would be an empty word."""
WATCH_LEVEL, ALARM_LEVEL = 0.05, 0.01
"""Chance, at most, that any of the signals judged together says at least watch, or alarm, without drift."""
WATCH_DISTANCE, ALARM_DISTANCE = 0.1, 0.2
"""Smallest distance that matters, however significant: a shift of 0.25 and 0.5 standard deviations."""


class State(StrEnum):
    """What a signal says."""

    TOO_FEW = "too few images to say"
    STEADY = "steady"
    WATCH = "watch"
    ALARM = "alarm"


@dataclass(frozen=True)
class Signal:
    """One signal's current values beside its reference."""

    name: str
    state: State
    n: int
    """Current images that had a value."""
    distance: float | None
    """Kolmogorov-Smirnov distance, 0..1; None where there are too few to judge."""
    p_value: float | None
    """Chance of such a distance without drift, for this signal alone, not yet corrected for the others."""
    reference_median: float
    current_median: float | None
    """None without any current value."""


def compare(name: str, reference: Sketch, values: ArrayLike, comparisons: int) -> Signal:
    """Signal `name` of the current images, `values`, beside `reference`; values that aren't finite don't count.

    Watch or alarm need both a distance that matters and a p-value that survives Bonferroni's
    correction for `comparisons`, the number of signals judged together. Raises BadInput below 1.
    """
    if comparisons < 1:
        raise BadInput(f"Signals are judged together, {comparisons} of them can't be; give 1 or more.")
    numbers = rounded(values)
    numbers = np.sort(numbers[np.isfinite(numbers)])
    n, middle = numbers.size, float(np.median(numbers)) if numbers.size else None
    if min(n, reference.n) < ENOUGH:
        return Signal(name, State.TOO_FEW, n, None, None, reference.median, middle)
    far = distance(reference, numbers, slack(name))
    chance = p_value(far, reference.n, n)
    return Signal(name, verdict(far, chance * comparisons), n, far, chance, reference.median, middle)


def distance(reference: Sketch, ranked: NDArray[np.float64], slack: float = 0.0) -> float:
    """Kolmogorov-Smirnov distance, 0..1, of `ranked` (one or more, ascending) from the reference.

    A sketch says only between which steps the reference's distribution function runs; what the current
    one exceeds them by is counted, nothing in between. So it is exact at the quantiles, never above
    the true distance, and a share of equal values (many images with no border at all) can't
    be mistaken for a change. Values within `slack` of a quantile count as on either side of it.
    """
    quantiles = np.asarray(reference.quantiles)
    at_most = np.searchsorted(ranked, quantiles + slack, side="right") / ranked.size
    below = np.searchsorted(ranked, quantiles - slack, side="left") / ranked.size
    return max(0.0, float(np.max(PROBABILITIES - at_most)), float(np.max(below - PROBABILITIES)))


def p_value(distance: float, n_reference: int, n_current: int) -> float:
    """Chance, 0..1, of at least this two-sample distance if both came from the same distribution.

    Kolmogorov's distribution of the distance times sqrt(e) + 0.12 + 0.11 / sqrt(e), where
    e = n_reference n_current / (n_reference + n_current) (Stephens 1970); conservative where values tie.
    """
    root = np.sqrt(n_reference * n_current / (n_reference + n_current))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def verdict(distance: float, corrected: float) -> State:
    """What a distance says whose corrected p-value is `corrected`."""
    if distance >= ALARM_DISTANCE and corrected <= ALARM_LEVEL:
        return State.ALARM
    if distance >= WATCH_DISTANCE and corrected <= WATCH_LEVEL:
        return State.WATCH
    return State.STEADY
