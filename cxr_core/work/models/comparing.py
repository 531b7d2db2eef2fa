"""The gate: a candidate beside the running model and the first release, on the same locked patients."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.assess import assess
from cxr_core.model.comparison import difference
from cxr_core.model.predict import Model, forward_all
from cxr_core.work.models.carding import let_through
from cxr_core.work.models.change_plan import ChangePlan
from cxr_core.work.models.criteria import Finding, Locked, Said, better_on_flagged, enough, findings
from cxr_core.work.models.gathering import Gathered

KEPT = (
    "n", "auc", "auc_ci95", "accuracy", "sensitivity", "specificity", "confusion", "uncertain_rate", "ece", "roc",
)  # fmt: skip
"""What the report has of each model's figures."""


def gate(
    candidate: Model, rivals: Sequence[Model], locked: Gathered, flagged: Gathered, plan: ChangePlan
) -> dict[str, Any]:
    """The gate's report under `plan`: `passed`, `reasons` (why not, in words), `checks`, `compared` and `running`.

    `rivals` are the running model and the first release, once if they are one. `locked` are images of locked patients,
    `flagged` those that readers flagged of any patient kept out of training. `compared` has each model's own figures on
    the locked images. The first release stays among the rivals for ever, so that small losses can't add up.
    """
    known = Locked(locked.examples.labels, locked.examples.patients, locked.slices)
    there = enough(known, plan.gate)
    if not there.passed:
        return _report([there], [], known, plan)
    said = [_said(model, locked) for model in (candidate, *rivals)]
    own, running, first = said[0], said[1], said[-1]
    learnt = better_on_flagged(
        _ranked_right(candidate, own, flagged, known), _ranked_right(rivals[0], running, flagged, known), plan.gate
    )
    found = [there, *findings(own, running, first, known, plan.gate), learnt]
    return {**_report(found, [_row(each, own, locked) for each in said], known, plan), "running": running.model}


def _report(found: list[Finding], compared: list[dict[str, Any]], locked: Locked, plan: ChangePlan) -> dict[str, Any]:
    reasons = [finding.says for finding in found if not finding.passed]
    return {
        "passed": not reasons, "reasons": reasons, "checks": [finding.as_dict() for finding in found],
        "compared": compared, "plan": plan.sha256, "plan_name": plan.name, "demo": plan.demo,
        "locked": {"images": len(locked), "patients": len(set(locked.patients))},
    }  # fmt: skip


def _said(model: Model, locked: Gathered) -> Said:
    outputs = forward_all(model.network, locked.examples.grey, model.card.preprocessing)
    judged = let_through(model.card.gate, outputs, locked)
    return Said(model.card.name, outputs.logits, model.card.calibration, judged)


def _ranked_right(model: Model, said: Said, flagged: Gathered, locked: Locked) -> NDArray[np.float64]:
    """For each flagged image the share of locked images of the other class that the model ranks it right against."""
    if not len(flagged):
        return np.zeros(0)
    logits = forward_all(model.network, flagged.examples.grey, model.card.preprocessing).logits
    of_class = [said.logits[locked.labels == kind] for kind in (0, 1)]
    pairs = zip(logits, flagged.examples.labels, strict=True)
    return np.array([np.mean(logit > of_class[0]) if label else np.mean(logit < of_class[1]) for logit, label in pairs])


def _row(said: Said, candidate: Said, locked: Gathered) -> dict[str, Any]:
    """What is said of all images, whether the gate lets them through or not, and `refused`: how many it doesn't."""
    examples = locked.examples
    found = assess(said.calibration, said.logits, examples, said.judged)
    row = {"model": said.model, **{name: found[name] for name in KEPT}, "refused": int((~said.judged).sum())}
    if said is candidate:
        return row
    beside = difference(examples.labels, candidate.logits, said.logits, examples.patients)
    return {**row, "difference": beside.value, "difference_ci95": list(beside.interval95)}


def name_of(items: Sequence[dict[str, Any]]) -> str:
    """The hash by which the locked images of a training set's items are known, with their labels."""
    locked = sorted(f"{item['image']} {item['label']}" for item in items if item["side"] == "locked")
    return hashlib.sha256("\n".join(locked).encode()).hexdigest()
