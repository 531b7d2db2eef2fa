"""What is said of a model on labelled images: forced answers at its threshold, and those it chose to give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.calibrate import Calibration
from cxr_core.model.examples import Examples
from cxr_core.model.metrics import auc, report, share_interval95
from cxr_core.records import CLASSES, Label


def assess(
    calibration: Calibration,
    logits: NDArray[np.floating],
    examples: Examples,
    judged: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """The report over all images, `selective` over those answered Normal or Pneumonia, and `uncertain_rate`.

    `judged` (n) says which images the gate lets through, by default all: the others aren't answered.
    """
    probabilities = calibration.probability(logits)
    let_through = np.ones(len(examples), bool) if judged is None else judged
    certain = np.array([calibration.label(p) is not Label.UNCERTAIN for p in probabilities], bool)
    answered = certain & let_through
    called = probabilities >= calibration.threshold
    found = report(examples.labels, probabilities, list(examples.patients), calibration.threshold, logits)
    count = int(answered.sum())
    selective = {
        "n": count,
        "auc": _finite(auc(examples.labels[answered], logits[answered])),
        "accuracy": float((called == examples.labels)[answered].mean()) if count else None,
    }
    return {
        **found,
        "selective": selective,
        "coverage": coverage(calibration, probabilities, examples),
        "uncertain_rate": float((let_through & ~certain).sum() / max(1, let_through.sum())),
    }


def coverage(
    calibration: Calibration, probabilities: NDArray[np.float64], examples: Examples
) -> dict[str, dict[str, Any]]:
    """For each class: of its `n` images of so many `patients`, the share `covered`, and its 95 % interval.

    An image is covered that isn't called the other class.
    """
    said = np.array([calibration.label(probability) for probability in probabilities])
    found = {}
    for number, label in enumerate(CLASSES):
        own = np.flatnonzero(examples.labels == number)
        patients = [examples.patients[image] for image in own.tolist()]
        kept = (said[own] != CLASSES[1 - number]).astype(np.int64)
        found[label.value] = {
            "n": len(own), "patients": len(set(patients)), "covered": float(kept.mean()) if len(own) else None,
            "covered_ci95": list(share_interval95(kept, patients)),
        }  # fmt: skip
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
