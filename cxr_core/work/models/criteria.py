"""What a candidate must hold to before it may be used, by the plan's numbers: one finding for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.calibrate import Calibration
from cxr_core.model.comparison import Difference, difference, images_needed, smallest_margin
from cxr_core.model.metrics import auc, ece
from cxr_core.work.models.change_plan import Gate
from cxr_core.work.models.slices import SLICES


@dataclass(frozen=True)
class Said:
    """What one model says of the locked images."""

    model: str
    logits: NDArray[np.floating]
    calibration: Calibration
    judged: NDArray[np.bool_]
    """Which of them its input gate lets it answer."""

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Of pneumonia, calibrated."""
        return self.calibration.probability(self.logits)


@dataclass(frozen=True)
class Locked:
    """What is known of the locked images."""

    labels: NDArray[np.int64]
    patients: Sequence[str]
    slices: Sequence[dict[str, str]]
    """The `device`, `view`, `age band` and `sex` of each."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Finding:
    """One thing that a candidate must hold to, and whether it does."""

    check: str
    found: float
    """What was measured."""
    bound: float
    """What the plan asks for."""
    passed: bool
    says: str
    """The same in a sentence."""

    def as_dict(self) -> dict[str, Any]:
        """As kept in the gate's report."""
        return asdict(self)


def enough(locked: Locked, gate: Gate) -> Finding:
    """Whether there are enough locked patients of each class to compare on at all."""
    fewest = min(len(_patients(locked, kind)) for kind in (0, 1))
    says = f"comparing needs {gate.locked_per_class} locked patients of each class, and there are {fewest} of one"
    passed = fewest >= max(2, gate.locked_per_class)
    remedy = "" if passed else ": set CXR_BASE_DATA, or have more cases read blind by two"
    return Finding("locked patients", fewest, gate.locked_per_class, passed, says + remedy)


def _patients(locked: Locked, kind: int) -> set[str]:
    return {patient for patient, label in zip(locked.patients, locked.labels, strict=True) if label == kind}


def findings(candidate: Said, running: Said, first: Said, locked: Locked, gate: Gate) -> list[Finding]:
    """All that is asked of a candidate on locked images, beside the running model and the first release.

    Both classes must be there (`enough`).
    """
    against_first = difference(locked.labels, candidate.logits, first.logits, locked.patients)
    return [
        _not_below(candidate, running, locked),
        _margin_can_be_tested(against_first, locked, gate),
        _not_inferior(first, against_first, gate),
        _sensitive(candidate, locked, gate),
        _calibrated(candidate, running, locked, gate),
        *(_answers(candidate, rival, gate) for rival in {each.model: each for each in (running, first)}.values()),
        *_slices(candidate, locked, gate),
    ]


def better_on_flagged(candidate: NDArray[np.floating], running: NDArray[np.floating], gate: Gate) -> Finding:
    """Whether the candidate learnt what it was told: on flagged images of patients kept out of training.

    Both say for each image (n) against which share of the other class's locked images the model ranks it right, by the
    readers' label: that doesn't change with a calibration, which these very patients may have been used for.
    """
    if len(candidate) < max(1, gate.flagged_kept_out):
        says = f"{gate.flagged_kept_out} flagged images of patients kept out of training are needed, there are "
        passed = len(candidate) >= gate.flagged_kept_out
        return Finding("flagged and kept out", len(candidate), gate.flagged_kept_out, passed, f"{says}{len(candidate)}")
    own, other = float(candidate.mean()), float(running.mean())
    says = (
        f"{len(candidate)} flagged images of patients kept out of training are ranked right against {own:.1%} of the "
        f"other class's locked images, by the running model against {other:.1%}"
    )
    passed = own > other or own == 1 or not gate.flagged_kept_out
    return Finding("flagged and kept out", own, other, passed, says)


def _not_below(candidate: Said, running: Said, locked: Locked) -> Finding:
    found = difference(locked.labels, candidate.logits, running.logits, locked.patients)
    says = f"against {running.model}, which runs now, the AUC changes by {_with_interval(found)}: it must not fall"
    return Finding("not below the running model", found.value, 0.0, found.value >= 0, says)


def _not_inferior(first: Said, found: Difference, gate: Gate) -> Finding:
    low, _ = found.interval95
    says = f"against {first.model}, the first release, the AUC changes by {_with_interval(found)}"
    verdict = "can't be excluded" if low <= -gate.margin else "is excluded"
    says += f": a loss of more than {gate.margin:g} {verdict}"
    return Finding("not inferior to the first release", low, -gate.margin, low > -gate.margin, says)


def _margin_can_be_tested(found: Difference, locked: Locked, gate: Gate) -> Finding:
    smallest = smallest_margin(found, gate.power)
    says = f"on {len(locked)} locked images the smallest margin that can be tested is {smallest:.3f}"
    if smallest > gate.margin:
        needed = images_needed(len(locked), found, gate.margin, gate.power)
        says += f": {needed} are needed for the plan's {gate.margin:g}"
    return Finding("margin can be tested", smallest, gate.margin, smallest <= gate.margin, says)


def _sensitive(candidate: Said, locked: Locked, gate: Gate) -> Finding:
    called = candidate.probabilities >= candidate.calibration.threshold
    found = float(called[locked.labels == 1].mean())
    says = (
        f"at its own threshold it finds {found:.1%} of the pneumonias: at least {gate.sensitivity_floor:.0%} is asked"
    )
    return Finding("sensitivity", found, gate.sensitivity_floor, found >= gate.sensitivity_floor, says)


def _calibrated(candidate: Said, running: Said, locked: Locked, gate: Gate) -> Finding:
    own, other = (ece(locked.labels, each.probabilities) for each in (candidate, running))
    bound = other + gate.calibration_margin
    says = f"its calibration error is {own:.3f}, that of {running.model} {other:.3f}: at most {bound:.3f} is allowed"
    return Finding("calibration", own, bound, own <= bound, says)


def _answers(candidate: Said, rival: Said, gate: Gate) -> Finding:
    """One image more than the rival's may always be refused: a share of few images would forbid it."""
    own, other, images = int((~candidate.judged).sum()), int((~rival.judged).sum()), len(candidate.judged)
    bound = other + max(1, int(gate.refused_margin * images))
    beside = f"that of {rival.model} {other}: at most {bound} may be"
    says = f"its input gate keeps back {own} of {images} locked images, {beside}"
    return Finding(f"answers as often as {rival.model}", own, bound, own <= bound, says)


def _slices(candidate: Said, locked: Locked, gate: Gate) -> Iterator[Finding]:
    for kind in SLICES:
        values = np.array([each[kind] for each in locked.slices], object)
        for value in sorted(set(values)):
            own = values == value
            if np.bincount(locked.labels[own], minlength=2).min() >= gate.slice_images and not own.all():
                yield _slice(candidate, locked, own, f"{kind} {value}", gate.slice_auc_floor)


def _slice(candidate: Said, locked: Locked, own: NDArray[np.bool_], name: str, floor: float) -> Finding:
    found = auc(locked.labels[own], candidate.logits[own])
    says = f"{name}: AUC {found:.3f} on {int(own.sum())} images, at least {floor:g} is asked"
    return Finding(name, found, floor, found >= floor, says)


def _with_interval(found: Difference) -> str:
    low, high = found.interval95
    return f"{found.value:+.3f} (95 % interval {low:+.3f} to {high:+.3f})"
