"""The gate: a candidate beside the running model and the first release, on the same locked patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.assess import assess
from cxr_core.model.examples import Examples
from cxr_core.model.metrics import auc, paired_interval95
from cxr_core.model.predict import Model, forward_all

MARGIN = 0.02
"""The AUC that a candidate may lose, at the lower end of the 95 % interval, against either rival."""
FEWEST_LOCKED = 20
"""Locked images of each class without which a comparison says too little to act on."""


def gate(candidate: Model, rivals: Sequence[Model], locked: Examples) -> dict[str, Any]:
    """`passed`, `reasons` (why not, in plain words) and `compared` (each model's report on the locked patients).

    Passing needs an AUC that isn't below any rival's by more than MARGIN, at the lower end of the paired 95 %
    interval by bootstrap over patients. The first release is among the rivals, so that small losses can't add up.
    """
    fewest = int(np.bincount(locked.labels, minlength=2).min()) if len(locked) else 0
    if fewest < FEWEST_LOCKED:
        why = (
            f"comparing needs {FEWEST_LOCKED} locked images of each class; there are {fewest} of one: set CXR_BASE_DATA"
        )
        return {"passed": False, "reasons": [why], "compared": []}
    own = _logits(candidate, locked)
    compared = [_row(candidate, own, locked)]
    for rival in rivals:
        logits = _logits(rival, locked)
        low, high = paired_interval95(locked.labels, own, logits, list(locked.patients))
        difference = auc(locked.labels, own) - auc(locked.labels, logits)
        compared.append({**_row(rival, logits, locked), "difference": difference, "difference_ci95": [low, high]})
    reasons = [_shortfall(row) for row in compared[1:] if row["difference_ci95"][0] < -MARGIN]
    return {"passed": not reasons, "reasons": reasons, "compared": compared, "margin": MARGIN}


def _logits(model: Model, examples: Examples) -> NDArray[np.float32]:
    return forward_all(model.network, examples.grey, model.card.preprocessing).logits


def _row(model: Model, logits: NDArray[np.float32], locked: Examples) -> dict[str, Any]:
    found = assess(model.card.calibration, logits, locked)
    kept = ("n", "auc", "auc_ci95", "accuracy", "sensitivity", "specificity", "confusion", "uncertain_rate", "ece")
    return {"model": model.card.name, **{name: found[name] for name in kept}}


def _shortfall(row: dict[str, Any]) -> str:
    low, high = row["difference_ci95"]
    return (
        f"against {row['model']} the AUC changes by {row['difference']:+.3f} (95 % interval {low:+.3f} to "
        f"{high:+.3f}): a loss of more than {MARGIN} can't be excluded"
    )
