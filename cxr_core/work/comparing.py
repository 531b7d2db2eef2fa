"""The gate: a candidate beside the running model and the program's release, on the same locked patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr_core.model.assess import assess
from cxr_core.model.metrics import auc, paired_interval95
from cxr_core.model.predict import Model, Outputs, forward_all
from cxr_core.work.carding import let_through
from cxr_core.work.gathering import Gathered

MARGIN = 0.02
"""The AUC that a candidate may lose, at the lower end of the 95 % interval, against either rival."""
MORE_REFUSED = 0.02
"""The share of locked images that a candidate's gate may refuse beyond what either rival's does; always one image."""
FEWEST_LOCKED = 20
"""Locked images of each class without which a comparison says too little to act on."""


def gate(candidate: Model, rivals: Sequence[Model], locked: Gathered) -> dict[str, Any]:
    """`passed`, `reasons` (why not, in plain words) and `compared` (each model's report on the locked patients).

    Passing needs an AUC that isn't below any rival's by more than MARGIN, at the lower end of the paired 95 %
    interval by bootstrap over patients, and a gate that refuses at most MORE_REFUSED of the images more than any
    rival's. The program's release is among the rivals, so that small losses can't add up.
    """
    examples = locked.examples
    fewest = int(np.bincount(examples.labels, minlength=2).min()) if len(locked) else 0
    if fewest < FEWEST_LOCKED:
        why = (
            f"comparing needs {FEWEST_LOCKED} locked images of each class; there are {fewest} of one: set CXR_BASE_DATA"
        )
        return {"passed": False, "reasons": [why], "compared": []}
    own = _said(candidate, locked)
    compared = [_row(candidate, own, locked)]
    for rival in rivals:
        said = _said(rival, locked)
        low, high = paired_interval95(examples.labels, own.logits, said.logits, list(examples.patients))
        difference = auc(examples.labels, own.logits) - auc(examples.labels, said.logits)
        compared.append({**_row(rival, said, locked), "difference": difference, "difference_ci95": [low, high]})
    reasons = [why for row in compared[1:] for why in _shortfalls(compared[0], row)]
    return {"passed": not reasons, "reasons": reasons, "compared": compared, "margin": MARGIN}


def _said(model: Model, locked: Gathered) -> Outputs:
    return forward_all(model.network, locked.examples.grey, model.card.preprocessing)


def _row(model: Model, said: Outputs, locked: Gathered) -> dict[str, Any]:
    """What is said of all images, whether the gate lets them through or not, and `refused`: how many it doesn't."""
    judged = let_through(model.card.gate, said, locked)
    found = assess(model.card.calibration, said.logits, locked.examples, judged)
    kept = ("n", "auc", "auc_ci95", "accuracy", "sensitivity", "specificity", "confusion", "uncertain_rate", "ece")
    return {"model": model.card.name, **{name: found[name] for name in kept}, "refused": int((~judged).sum())}


def _shortfalls(own: dict[str, Any], rival: dict[str, Any]) -> list[str]:
    """Why the candidate doesn't withstand a rival, in plain words."""
    found = []
    low, high = rival["difference_ci95"]
    if low < -MARGIN:
        found.append(
            f"against {rival['model']} the AUC changes by {rival['difference']:+.3f} (95 % interval {low:+.3f} to "
            f"{high:+.3f}): a loss of more than {MARGIN} can't be excluded"
        )
    if own["refused"] - rival["refused"] > max(1, MORE_REFUSED * own["n"]):
        found.append(
            f"its gate keeps back {own['refused']} of {own['n']} locked images, that of {rival['model']} "
            f"{rival['refused']}: at most {MORE_REFUSED:.0%} more may be, or one image"
        )
    return found
