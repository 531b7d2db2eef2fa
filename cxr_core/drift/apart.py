"""Whether what the network sees tells today's images from the reference's: a two-sample test by a classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from cxr_core.drift.agreement import wilson
from cxr_core.drift.expected import Estimate

FEWEST = 30
"""Patients on either side below which nothing is told."""
FOLDS = 5
CLEARLY = 0.6
"""AUC from which images of one side are told from those of the other for certain; 0.5 is a coin."""
Points = NDArray[np.float64]


def apart(reference: Points, current: Points, patients: Sequence[str]) -> Estimate | None:
    """AUC of a classifier that is taught to tell n reference images from m of now, on patients it wasn't taught on.

    Both are positions along the network's axes, n and m rows; `patients` whose they are, n + m. None where either side
    has too few patients. After Lopez-Paz & Oquab (2017), with a linear discriminant on the positions and their squares,
    so that spreading out is seen as well; the interval is by the patients of the smaller side (van Dantzig 1951).
    """
    sides = np.repeat([0, 1], [len(reference), len(current)])
    whose = np.array(patients)
    fewest = min(len(set(whose[sides == side])) for side in (0, 1))
    if fewest < FEWEST:
        return None
    seen = np.vstack([reference, current])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(
        LinearDiscriminantAnalysis(), np.hstack([seen, seen**2]), sides, groups=whose, cv=folds,
        method="decision_function",
    )  # fmt: skip
    auc = float(roc_auc_score(sides, said))
    return Estimate(auc, *wilson(round(auc * fewest), fewest))


def is_clear(found: Estimate) -> bool:
    """Whether more than chance and more than trifles tells the sides apart."""
    return found.value >= CLEARLY and found.low > 0.5
