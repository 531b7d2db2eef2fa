"""From logits to probabilities that mean what they say, and to an honest 'uncertain'."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cxr_core.errors import ModelError
from cxr_core.records import Label

ALPHA = 0.05
"""Of each class, at most this share is to be called the other one."""
SENSITIVITY = 0.95
"""That the threshold of a forced answer is chosen for, on the calibration patients; it never contradicts an answer."""
FEWEST_PER_CLASS = math.ceil(1 / ALPHA) - 1
"""Below this, a class-conditional conformal quantile isn't finite (19 at 5 %)."""
ENOUGH_TO_GUARANTEE = 500
"""From here on a class's coverage stays within a point or so of what was asked for (Vovk 2012)."""


@dataclass(frozen=True)
class Calibration:
    """How a model's logits are read. It belongs to one set of weights and is useless with another."""

    slope: float
    intercept: float
    """Platt scaling: probability = sigmoid(slope x logit + intercept)."""
    threshold: float
    """The probability from which a forced answer is Pneumonia."""
    normal_up_to: float
    """At or below this, the answer is Normal."""
    pneumonia_from: float
    """At or above this, the answer is Pneumonia; in between it is Uncertain."""
    normal: int = 0
    """Images of this class that it was fitted on."""
    pneumonia: int = 0
    sensitivity: float = SENSITIVITY
    """Of the threshold, on those images: what was asked for, or less where a lower one would contradict an answer."""
    weights_sha256: str = ""
    """The weights that it was fitted for: a card refuses another model's."""

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise ModelError(f"a calibration can't have slope {self.slope} and intercept {self.intercept}")
        if not 0 <= self.normal_up_to <= self.threshold <= self.pneumonia_from <= 1:
            raise ModelError(
                f"a calibration's limits must ascend within 0 and 1, but are Normal up to {self.normal_up_to}, forced "
                f"Pneumonia from {self.threshold}, Pneumonia from {self.pneumonia_from}"
            )

    @property
    def guarantees(self) -> bool:
        """Whether enough images stand behind each class's coverage to speak of a guarantee."""
        return min(self.normal, self.pneumonia) >= ENOUGH_TO_GUARANTEE

    def probability(self, logit: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia for logits (Pneumonia's minus Normal's)."""
        probability: NDArray[np.float64] = expit(self.slope * np.asarray(logit, np.float64) + self.intercept)
        return probability

    def label(self, probability: float) -> Label:
        """Normal, Pneumonia, or Uncertain."""
        if probability <= self.normal_up_to:
            return Label.NORMAL
        return Label.PNEUMONIA if probability >= self.pneumonia_from else Label.UNCERTAIN


def fit(logits: NDArray[np.floating], labels: NDArray[np.int64], weights_sha256: str) -> Calibration:
    """The calibration of these weights from patients kept for it: `logits` (n) and `labels` (n, 0 or 1).

    Raises ModelError with the numbers needed and at hand if a class has too few images.
    """
    require_enough(labels)
    slope, intercept = platt(logits, labels)
    probability = Calibration(slope, intercept, 0.5, 0.5, 0.5).probability(logits)
    low, high = _conformal_band(probability, labels)
    just_above = np.nextafter(low, 1)  # at `low` itself the answer is Normal, which no forced one may contradict
    threshold = float(np.clip(threshold_for(SENSITIVITY, probability, labels), just_above, high))
    reached = float((probability[labels == 1] >= threshold).mean())
    normal, pneumonia = (int(count) for count in np.bincount(labels, minlength=2))
    return Calibration(slope, intercept, threshold, low, high, normal, pneumonia, reached, weights_sha256)


def require_enough(labels: NDArray[np.int64]) -> None:
    """Raises ModelError with the numbers needed and at hand if a class has too few images to calibrate on."""
    fewest = int(np.bincount(labels, minlength=2).min())
    if fewest < FEWEST_PER_CLASS:
        raise ModelError(f"calibration needs {FEWEST_PER_CLASS} images of each class; there are {fewest} of one")


def platt(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and intercept by Newton's method, with Platt's smoothed targets (Platt 1999, section 2.2)."""
    positives, negatives = int(labels.sum()), int(len(labels) - labels.sum())
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack((np.asarray(logits, np.float64), np.ones(len(labels))), 1)
    weights = np.array([1.0, 0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -40, 40)))
        gradient = design.T @ (p - target)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights -= step / max(1.0, float(np.abs(step).max()))
    return max(float(weights[0]), 1e-3), float(weights[1])


def threshold_for(sensitivity: float, probability: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The highest threshold at which at least this share of pneumonias is called so.

    It lies halfway down to the next lower probability, so that no image is decided by rounding.
    """
    pneumonia = np.sort(probability[labels == 1])
    lowest_called = pneumonia[math.floor((1 - sensitivity) * len(pneumonia) + 1e-9)]
    below = probability[probability < lowest_called]
    return float((lowest_called + below.max(initial=0.0)) / 2)


def _conformal_band(probability: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Where exactly one label is plausible on either side (class-conditional split conformal, Vovk 2012).

    The lower end lies below the upper one, so that no probability has both answers.
    """
    pneumonia = np.sort(probability[labels == 1])
    normal = np.sort(probability[labels == 0])[::-1]
    least_pneumonia = float(pneumonia[math.floor(ALPHA * (len(pneumonia) + 1)) - 1])
    most_normal = float(normal[math.floor(ALPHA * (len(normal) + 1)) - 1])
    low, high = sorted((least_pneumonia, most_normal))
    return min(low, float(np.nextafter(high, 0))), high
