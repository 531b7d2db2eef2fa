"""What is said of a model on labelled images: forced answers at its threshold, and those it chose to give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.calibrate import Calibration
from cxr_core.model.examples import Examples
from cxr_core.model.metrics import auc, report
from cxr_core.records import Label


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
    found = report(examples.labels, probabilities, list(examples.patients), calibration.threshold)
    count = int(answered.sum())
    selective = {
        "n": count,
        "auc": _finite(auc(examples.labels[answered], probabilities[answered])),
        "accuracy": float((called == examples.labels)[answered].mean()) if count else None,
    }
    return {
        **found,
        "selective": selective,
        "uncertain_rate": float((let_through & ~certain).sum() / max(1, let_through.sum())),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
