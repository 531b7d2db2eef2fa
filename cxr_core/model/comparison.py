"""Two models on the same images: the difference of their AUCs, with its error, images of one patient taken together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from cxr_core.model.metrics import Z95, Labels, Scores, auc

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """AUC of one model minus that of another."""

    value: float
    error: float
    """Standard error; 0 where both order the images alike, unless both make no error at all."""

    @property
    def interval95(self) -> tuple[float, float]:
        """The 95 % interval, normal approximation."""
        return self.value - Z95 * self.error, self.value + Z95 * self.error


def difference(labels: Labels, scores: Scores, other: Scores, patients: Sequence[str]) -> Difference:
    """AUC(scores) - AUC(other) on n images of both classes, by DeLong's method for clustered data (Obuchowski 1997).

    Each patient's images are one cluster. Needs images of each class from at least two patients. Where neither makes an
    error there is nothing to estimate one by: it is then what one more patient could bring, of the class with fewer,
    who stands before half of the others with one of the two.
    """
    value = auc(labels, scores) - auc(labels, other)
    whose = np.unique(np.asarray(patients), return_inverse=True)[1]
    components = _components(labels, scores) - _components(labels, other)
    beyond = [_summed(components - value, labels == kind, whose) for kind in (1, 0)]
    (positives, of_positives), (negatives, of_negatives) = beyond
    count, clusters = (int((labels == 1).sum()), int((labels == 0).sum())), int(whose.max()) + 1
    variance = _spread(positives, of_positives) / count[0] ** 2 + _spread(negatives, of_negatives) / count[1] ** 2
    variance += 2 * clusters / (clusters - 1) * float(positives @ negatives) / (count[0] * count[1])
    unseen = 0.5 / min(of_positives, of_negatives) if _are_both_perfect(labels, scores, other) else 0.0
    return Difference(value, max(unseen, math.sqrt(max(0.0, variance))))


def _are_both_perfect(labels: Labels, scores: Scores, other: Scores) -> bool:
    """Whether neither makes an error, and they aren't one and the same order."""
    return auc(labels, scores) == auc(labels, other) == 1 and not np.array_equal(rankdata(scores), rankdata(other))


def smallest_margin(found: Difference, power: float) -> float:
    """The margin that a model which is exactly as good has a chance of `power` to stay within, at this error."""
    return float((Z95 + norm.ppf(power)) * found.error)


def images_needed(images: int, found: Difference, margin: float, power: float) -> int:
    """How many images of this kind it takes for `margin` to be the smallest one: the error falls with their root."""
    return math.ceil(images * (smallest_margin(found, power) / margin) ** 2)


def _components(labels: Labels, scores: Scores) -> Floats:
    """For each image the share of the other class's that it is ordered right with (DeLong 1988); ties count half."""
    ranks, found = rankdata(scores), np.empty(len(labels))
    for kind in (0, 1):
        own = labels == kind
        below = (ranks[own] - rankdata(scores[own])) / (~own).sum()
        found[own] = below if kind else 1 - below
    return found


def _summed(values: Floats, chosen: NDArray[np.bool_], whose: NDArray[np.int64]) -> tuple[Floats, int]:
    """The sum of the chosen values for each patient, and how many patients have any."""
    count = int(whose.max()) + 1
    sums: Floats = np.bincount(whose[chosen], values[chosen], minlength=count).astype(np.float64)
    return sums, int((np.bincount(whose[chosen], minlength=count) > 0).sum())


def _spread(sums: Floats, clusters: int) -> float:
    return clusters / (clusters - 1) * float(sums @ sums)
