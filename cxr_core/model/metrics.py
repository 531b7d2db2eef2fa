"""How good probabilities are. Labels are 0 (Normal) and 1 (Pneumonia)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata
from sklearn.metrics import classification_report, confusion_matrix

from cxr_core.records import CLASSES

Labels = NDArray[np.int64]
Scores = NDArray[np.floating[Any]]

RESAMPLES = 1000
ECE_BINS = 10
CHANCE_DRAWS = 200


def auc(labels: Labels, scores: Scores) -> float:
    """Area under the ROC curve (the Mann-Whitney statistic; ties count half); NaN for a single class."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def ece(labels: Labels, probabilities: Scores) -> float:
    """Expected calibration error over 10 equal-width bins (Naeini et al. 2015)."""
    bins = np.minimum((np.asarray(probabilities) * ECE_BINS).astype(int), ECE_BINS - 1)
    size = np.bincount(bins, minlength=ECE_BINS)
    said = np.bincount(bins, probabilities, ECE_BINS)
    true = np.bincount(bins, labels, ECE_BINS)
    return float(np.abs(said - true).sum() / max(1, size.sum()))


def ece_by_chance(probabilities: Scores) -> float:
    """The mean `ece` of labels drawn from the probabilities themselves: what perfect calibration shows on so few."""
    said = np.asarray(probabilities, np.float64)
    draws = np.random.default_rng(0).random((CHANCE_DRAWS, len(said))) < said
    return float(np.mean([ece(draw.astype(np.int64), said) for draw in draws]))


def reliability(labels: Labels, probabilities: Scores) -> list[dict[str, Any]]:
    """For each of the 10 bins with images: `n`, mean probability `said`, share of pneumonia `true`, `true_ci95`."""
    bins = np.minimum((np.asarray(probabilities) * ECE_BINS).astype(int), ECE_BINS - 1)
    found = []
    for number in np.unique(bins):
        inside = bins == number
        count, positive = int(inside.sum()), int(labels[inside].sum())
        found.append({
            "n": count, "said": float(np.mean(probabilities[inside])), "true": positive / count,
            "true_ci95": list(wilson95(positive, count)),
        })  # fmt: skip
    return found


def wilson95(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    interval = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def interval95(
    measure: Callable[[Labels, Scores], float], labels: Labels, scores: Scores, patients: list[str]
) -> tuple[float, float]:
    """The 95 % interval of a measure by bootstrap over patients, whose images are not independent."""
    groups = [np.flatnonzero(np.asarray(patients) == patient) for patient in dict.fromkeys(patients)]
    random = np.random.default_rng(0)
    values = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([groups[i] for i in random.integers(0, len(groups), len(groups))])
        values.append(measure(labels[drawn], scores[drawn]))
    low, high = np.nanpercentile(values, (2.5, 97.5)) if np.isfinite(values).any() else (np.nan, np.nan)
    return float(low), float(high)


def paired_interval95(labels: Labels, scores: Scores, other: Scores, patients: list[str]) -> tuple[float, float]:
    """The 95 % interval of AUC(scores) - AUC(other) on the same images, by bootstrap over patients."""
    pairs = np.stack((scores, other), 1)
    return interval95(lambda truth, both: auc(truth, both[:, 0]) - auc(truth, both[:, 1]), labels, pairs, patients)


def report(labels: Labels, probabilities: Scores, patients: list[str], threshold: float) -> dict[str, Any]:
    """Everything that is said of a model on labelled images, at its threshold; numbers ready for JSON."""
    called = (probabilities >= threshold).astype(np.int64)
    matrix = confusion_matrix(labels, called, labels=[0, 1])
    names = [label.value for label in CLASSES]
    return {
        "n": len(labels),
        "patients": len(set(patients)),
        "auc": _number(auc(labels, probabilities)),
        "auc_ci95": [_number(edge) for edge in interval95(auc, labels, probabilities, patients)],
        "accuracy": _share(matrix[0, 0] + matrix[1, 1], matrix.sum()),
        "sensitivity": _share(matrix[1, 1], matrix[1].sum()),
        "specificity": _share(matrix[0, 0], matrix[0].sum()),
        "confusion": matrix.tolist(),
        "report": classification_report(
            labels, called, labels=[0, 1], target_names=names, output_dict=True, zero_division=0
        ),
        "ece": _number(ece(labels, probabilities)),
        "ece_ci95": [_number(edge) for edge in interval95(ece, labels, probabilities, patients)],
        "ece_by_chance": ece_by_chance(probabilities),
        "reliability": reliability(labels, probabilities),
        "threshold": threshold,
    }


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
