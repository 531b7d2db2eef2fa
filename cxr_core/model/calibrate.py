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
FEWEST_PER_CLASS = math.ceil(1 / ALPHA) - 1
"""Below this, a class-conditional conformal quantile isn't finite (19 at 5 %)."""


@dataclass(frozen=True)
class Calibration:
    """How a model's logits are read. It belongs to one set of weights and is useless with another."""

    slope: float
    intercept: float
    """Platt scaling: probability = sigmoid(slope x logit + intercept)."""
    threshold: float
    """The probability from which a forced answer is Pneumonia (highest Youden index)."""
    normal_up_to: float
    """At or below this, the answer is Normal."""
    pneumonia_from: float
    """At or above this, the answer is Pneumonia; in between it is Uncertain."""

    def probability(self, logit: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia for logits (Pneumonia's minus Normal's)."""
        probability: NDArray[np.float64] = expit(self.slope * np.asarray(logit, np.float64) + self.intercept)
        return probability

    def label(self, probability: float) -> Label:
        """Normal, Pneumonia, or Uncertain."""
        if probability <= self.normal_up_to:
            return Label.NORMAL
        return Label.PNEUMONIA if probability >= self.pneumonia_from else Label.UNCERTAIN


def fit(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Calibration:
    """The calibration from patients kept for it: `logits` (n) and `labels` (n, 0 or 1).

    Raises ModelError with the numbers needed and at hand if a class has too few images.
    """
    require_enough(labels)
    slope, intercept = platt(logits, labels)
    probability = Calibration(slope, intercept, 0.5, 0.5, 0.5).probability(logits)
    low, high = _conformal_band(probability, labels)
    threshold = float(np.clip(youden_threshold(probability, labels), low, high))
    return Calibration(slope, intercept, threshold, low, high)


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


def youden_threshold(probability: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The middle of the gap at which sensitivity + specificity is highest (Youden 1950)."""
    order = np.argsort(probability)
    ordered, truth = probability[order], labels[order]
    sensitivity = 1 - np.concatenate(([0], np.cumsum(truth == 1))) / max(1, int((labels == 1).sum()))
    specificity = np.concatenate(([0], np.cumsum(truth == 0))) / max(1, int((labels == 0).sum()))
    best = int(np.argmax(sensitivity + specificity))
    edges = np.concatenate(([0.0], ordered, [1.0]))
    return float((edges[best] + edges[best + 1]) / 2)


def _conformal_band(probability: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Where exactly one label is plausible on either side (class-conditional split conformal, Vovk 2012)."""
    pneumonia = np.sort(probability[labels == 1])
    normal = np.sort(probability[labels == 0])[::-1]
    least_pneumonia = float(pneumonia[math.floor(ALPHA * (len(pneumonia) + 1)) - 1])
    most_normal = float(normal[math.floor(ALPHA * (len(normal) + 1)) - 1])
    return min(least_pneumonia, most_normal), max(least_pneumonia, most_normal)
