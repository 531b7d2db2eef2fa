"""Twenty retrains in a row, each a little worse or better by chance, past the real gate: does the model creep downhill?

    python -m tools.retrain_simulation > docs/retrain_simulation.jsonl

Two classes of normally distributed logits stand for a model, their distance for its true AUC. Every retrain starts from
the running model; what it does to the true AUC is drawn at random. All are judged on the same locked images, by
work.criteria and the shipped plan. Models resemble each other: most of an image's deviation is the same in all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import norm

from cxr_core.model import calibrate
from cxr_core.work.models.change_plan import Gate, shipped
from cxr_core.work.models.criteria import Locked, Said, findings
from cxr_core.work.models.slices import SLICES

FIRST_AUC = 0.95
SPREAD = 0.01
"""Standard deviation of what a retrain does to the true AUC."""
ALIKE = 0.85
"""Share of an image's deviation that all models have in common."""
TOO_FAR = 0.02
"""Below the first release."""
CALIBRATION_IMAGES = 500
RETRAINS = 20


@dataclass(frozen=True)
class Setting:
    """One row."""

    mean: float
    """What a retrain does to the true AUC on average."""
    images: int
    """Locked ones, half of them pneumonias."""
    gated: bool = True


SETTINGS = tuple(
    Setting(mean, images, gated)
    for mean in (0.0, -0.003, -0.01)
    for images, gated in ((665, False), (665, True), (1000, True))
)


class Site:
    """The images of one run, and models that differ by their true AUC and an error of their own."""

    def __init__(self, seed: int, images: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.sets = [(np.arange(n) % 2, self.chance.normal(size=n)) for n in (images, CALIBRATION_IMAGES)]
        labels = self.sets[0][0]
        self.locked = Locked(labels, [str(n) for n in range(images)], [dict.fromkeys(SLICES, "one")] * images)

    def model(self, name: str, true_auc: float) -> Said:
        """What a model of this AUC says of the locked images, calibrated on the others."""
        locked, held_out = (self._logits(labels, common, true_auc) for labels, common in self.sets)
        calibration = calibrate.fit(held_out, self.sets[1][0], name)
        return Said(name, locked, calibration, np.ones(len(locked), bool))

    def _logits(self, labels: np.ndarray, common: np.ndarray, true_auc: float) -> np.ndarray:
        shift = sqrt(2) * float(norm.ppf(true_auc))
        return labels * shift + sqrt(ALIKE) * common + sqrt(1 - ALIKE) * self.chance.normal(size=len(labels))


@dataclass(frozen=True)
class Run:
    """What came of twenty retrains."""

    lowest: float
    """True AUC of the worst model that was ever in use."""
    last: float
    """That of the last one."""
    accepted: int


def run(seed: int, setting: Setting, gate: Gate) -> Run:
    """Twenty retrains at one site."""
    site, running_auc, lowest, accepted = Site(seed, setting.images), FIRST_AUC, FIRST_AUC, 0
    first = running = site.model("first", FIRST_AUC)
    for number in range(RETRAINS):
        true_auc = float(np.clip(running_auc + site.chance.normal(setting.mean, SPREAD), 0.5, 0.999))
        candidate = site.model(f"retrain {number + 1}", true_auc)
        asked = findings(candidate, running, first, site.locked, gate) if setting.gated else []
        if all(finding.passed for finding in asked):
            running, running_auc, accepted = candidate, true_auc, accepted + 1
            lowest = min(lowest, running_auc)
    return Run(lowest, running_auc, accepted)


def row(setting: Setting, runs: int) -> dict[str, float | int | bool]:
    """The line of one setting: how often a model got through that is too far below the first release."""
    gate = shipped("default").gate
    found = [run(seed, setting, gate) for seed in range(runs)]
    return {
        "mean_effect": setting.mean, "locked_images": setting.images, "gated": setting.gated, "runs": runs,
        "too_far_below": sum(each.lowest < FIRST_AUC - TOO_FAR for each in found) / runs,
        "auc_change": round(float(np.mean([each.last for each in found])) - FIRST_AUC, 4),
        "accepted": round(float(np.mean([each.accepted for each in found])) / RETRAINS, 3),
    }  # fmt: skip


def rows(runs: int) -> Iterator[dict[str, float | int | bool]]:
    """The line of every setting."""
    return (row(setting, runs) for setting in SETTINGS)


if __name__ == "__main__":
    for line in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 500):
        print(json.dumps(line), flush=True)
