"""How good probabilities are. Labels are 0 (Normal) and 1 (Pneumonia)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import classification_report, confusion_matrix, roc_curve

from cxr_core.records import CLASSES

Labels = NDArray[np.int64]
Scores = NDArray[np.floating[Any]]

RESAMPLES = 1000
ECE_BINS = 10
Z95 = 1.959964
CHANCE_DRAWS = 200
ERRORS_TRIED = 100
"""For the interval of a calibration error, from none to the largest possible one."""
MOST_ROC_POINTS = 100


def auc(labels: Labels, scores: Scores) -> float:
    """Area under the ROC curve (the Mann-Whitney statistic; ties count half); NaN for a single class."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def roc(labels: Labels, scores: Scores) -> list[list[float]]:
    """The ROC curve from [0, 0] to [1, 1] as up to 100 points [1 - specificity, sensitivity]; none for a single class.

    Of more corners those are left out that matter least for the area (Visvalingam and Whyatt 1993).
    """
    if len(np.unique(labels)) < 2:
        return []
    false_alarms, found, _ = roc_curve(labels, scores)
    points = np.stack((false_alarms, found), 1)
    while len(points) > MOST_ROC_POINTS:
        points = np.delete(points, 1 + int(np.argmin(_triangles(points))), 0)
    return points.round(4).tolist()


def _triangles(points: Scores) -> Scores:
    """For each point of a line (n x 2) but the first and the last: twice the area between it and its neighbours."""
    before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
    areas: Scores = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
    return areas


def ece(labels: Labels, probabilities: Scores) -> float:
    """Expected calibration error over 10 equal-width bins (Naeini et al. 2015)."""
    return float(np.abs(_gaps(labels, probabilities)).sum())


def _gaps(labels: Labels, probabilities: Scores) -> Scores:
    """For each bin, mean probability less share of pneumonia, times the bin's share of the images."""
    bins = np.minimum((np.asarray(probabilities) * ECE_BINS).astype(int), ECE_BINS - 1)
    said, true = np.bincount(bins, probabilities, ECE_BINS), np.bincount(bins, labels, ECE_BINS)
    gaps: Scores = (said - true) / max(1, len(bins))
    return gaps


def ece_interval95(labels: Labels, probabilities: Scores, patients: list[str]) -> tuple[float, float]:
    """The 95 % interval of the calibration error over endless patients like these; it holds `ece` of these as well.

    On few images chance opens gaps even between perfect probabilities and what comes true, so `ece` lies above that
    error, and `ece` of resamples above itself: their quantiles bound nothing. The interval is those errors that make
    the `ece` at hand no surprise (test inversion by bootstrap, Carpenter 1999): each is tried as the gaps at hand,
    scaled to it, and by how much resamples over patients miss the gaps at hand is what chance adds.
    """
    gaps = _gaps(labels, probabilities)
    chance = _resampled(_gaps, labels, probabilities, patients) - gaps
    error, added = float(np.abs(gaps).sum()), np.abs(chance).sum(1)
    tried = np.linspace(0, error + added.max(), ERRORS_TRIED)
    shown = [np.percentile(np.abs(chance + gaps * (true / (error or 1))).sum(1), (2.5, 97.5)) for true in tried]
    fitting = [true for true, (low, high) in zip(tried, shown, strict=True) if low <= error <= high]
    return float(min([*fitting, error])), float(max([*fitting, error]))


def ece_by_chance(probabilities: Scores) -> float:
    """The mean `ece` of labels drawn from the probabilities themselves: what perfect calibration shows on so few."""
    said = np.asarray(probabilities, np.float64)
    draws = np.random.default_rng(0).random((CHANCE_DRAWS, len(said))) < said
    return float(np.mean([ece(draw.astype(np.int64), said) for draw in draws]))


def reliability(labels: Labels, probabilities: Scores, patients: list[str]) -> list[dict[str, Any]]:
    """For each of the 10 bins with images: `n`, mean probability `said`, share of pneumonia `true`, `true_ci95`."""
    bins = np.minimum((np.asarray(probabilities) * ECE_BINS).astype(int), ECE_BINS - 1)
    found = []
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        true = labels[inside]
        found.append({
            "n": len(inside), "said": float(np.mean(probabilities[inside])), "true": float(true.mean()),
            "true_ci95": list(share_interval95(true, [patients[image] for image in inside])),
        })  # fmt: skip
    return found


def wilson95(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share (0..1) seen in `count` independent ones (Wilson 1927); (0, 1) of none."""
    if not count:
        return 0.0, 1.0
    middle = (share + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    reach = Z95 / (1 + Z95**2 / count) * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def share_interval95(held: Labels, patients: list[str]) -> tuple[float, float]:
    """The 95 % interval of the share of images (n, each 0 or 1) that are 1, whose patients have several.

    Wilson's, of as many independent images as would vary as little as these patients do (Dean and Pagano 2015), and of
    as many as there are patients where those don't vary. Resamples hold too few of what is rare: near 1, intervals by
    bootstrap hold the true share in about 90 of 100 cases.
    """
    if not len(held):
        return wilson95(0, 0)
    whose = np.unique(patients, return_inverse=True)[1]
    count, share = int(whose.max()) + 1, float(held.mean())
    beyond = np.bincount(whose, held - share)
    spread = float((beyond**2).sum()) / len(held) ** 2
    return wilson95(share, min(len(held), share * (1 - share) / spread) if spread else count)


def interval95(
    measure: Callable[[Labels, Scores], float], labels: Labels, scores: Scores, patients: list[str]
) -> tuple[float, float]:
    """The 95 % interval of a measure by bootstrap over patients, whose images are not independent."""
    values = _resampled(measure, labels, scores, patients)
    low, high = np.nanpercentile(values, (2.5, 97.5)) if np.isfinite(values).any() else (np.nan, np.nan)
    return float(low), float(high)


def _resampled(
    measure: Callable[[Labels, Scores], float | Scores], labels: Labels, scores: Scores, patients: list[str]
) -> Scores:
    """The measure of each of RESAMPLES draws of as many patients, with all images of each."""
    numbers = {patient: number for number, patient in enumerate(dict.fromkeys(patients))}
    whose, images = np.array([numbers[patient] for patient in patients]), np.arange(len(patients))
    random = np.random.default_rng(0)
    values = []
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(0, len(numbers), len(numbers)), minlength=len(numbers))
        drawn = np.repeat(images, times[whose])
        values.append(measure(labels[drawn], scores[drawn]))
    return np.asarray(values)


def paired_interval95(labels: Labels, scores: Scores, other: Scores, patients: list[str]) -> tuple[float, float]:
    """The 95 % interval of AUC(scores) - AUC(other) on the same images, by bootstrap over patients."""
    pairs = np.stack((scores, other), 1)
    return interval95(lambda truth, both: auc(truth, both[:, 0]) - auc(truth, both[:, 1]), labels, pairs, patients)


def report(
    labels: Labels, probabilities: Scores, patients: list[str], threshold: float, ranks: Scores | None = None
) -> dict[str, Any]:
    """Everything that is said of a model on labelled images, at its threshold; numbers ready for JSON.

    `ranks` (n) orders the images, by default `probabilities`; logits still differ where those are all 1.
    """
    ranks = probabilities if ranks is None else ranks
    called = (probabilities >= threshold).astype(np.int64)
    matrix = confusion_matrix(labels, called, labels=[0, 1])
    names = [label.value for label in CLASSES]
    return {
        "n": len(labels),
        "patients": len(set(patients)),
        "auc": _number(auc(labels, ranks)),
        "auc_ci95": [_number(edge) for edge in interval95(auc, labels, ranks, patients)],
        "roc": roc(labels, ranks),
        "accuracy": _share(matrix[0, 0] + matrix[1, 1], matrix.sum()),
        "sensitivity": _share(matrix[1, 1], matrix[1].sum()),
        "specificity": _share(matrix[0, 0], matrix[0].sum()),
        "confusion": matrix.tolist(),
        "report": classification_report(
            labels, called, labels=[0, 1], target_names=names, output_dict=True, zero_division=0
        ),
        "ece": _number(ece(labels, probabilities)),
        "ece_ci95": list(ece_interval95(labels, probabilities, patients)),
        "ece_by_chance": ece_by_chance(probabilities),
        "reliability": reliability(labels, probabilities, patients),
        "threshold": threshold,
    }


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
