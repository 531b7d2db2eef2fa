"""One cell block of the table: train a row on a fold, and judge it on every column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cxr_core.dicom.reading import read
from cxr_core.model import calibrate
from cxr_core.model.dataset import Sample
from cxr_core.model.ensemble import train_network
from cxr_core.model.examples import Examples, as_bytes
from cxr_core.model.material import Material, resized
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing, brightness, stretch
from cxr_core.model.train import Progress
from cxr_core.records import Floats, Side
from tools.ablation.folds import Fold, halves
from tools.ablation.rows import Row
from tools.ablation.shifts import SHIFTS, another_histogram

RULE = Preprocessing()
Change = Callable[[Floats, np.random.Generator], Floats]
Numbers = NDArray[np.floating]
AIMS = (0.90, 0.93, 0.95, 0.97, 0.99)
"""Sensitivities that a threshold may be chosen for."""


@dataclass(frozen=True)
class Data:
    """All X-rays of both data folders, read once, with the side of each."""

    samples: list[Sample]
    second: list[Sample]
    """Of another hospital; half of its patients are never learnt from."""
    sides: dict[str, Side]
    shown: dict[str, Floats]
    """By content hash: brightness, 224 x 224."""

    def on(self, side: Side, fold: Fold) -> list[Sample]:
        """The samples of a side that the fold leaves in."""
        return [item for item in self.samples if self.sides[item.sha256] is side and item.sha256 not in fold.left_out]

    def second_half(self, learnt: bool) -> list[Sample]:
        """The second hospital's patients that may be learnt from, or those that never are."""
        return halves(self.second)[0 if learnt else 1]


def read_once(samples: Iterable[Sample]) -> dict[str, Floats]:
    """Brightness of every sample, by content hash."""
    return {item.sha256: brightness(read(item.path.read_bytes()).radiograph, RULE.size) for item in samples}


def cells(data: Data, row: Row, fold: Fold, seed: int, tell: Progress) -> dict[str, dict[str, Any]]:
    """What `row`, trained without what `fold` leaves out, reaches in every column."""
    learnt = data.on(Side.TRAIN, fold) + (data.second_half(learnt=True) if row.second_domain else [])
    material = Material(_examples(data, row, learnt), _examples(data, row, data.on(Side.VALIDATION, fold)), RULE)
    network, _ = train_network("none", material, replace(row.recipe, seed=seed), None, tell)
    held_out = _small(data, row, data.on(Side.CALIBRATION, fold))
    limits = thresholds(_logits(network, held_out), held_out.labels)
    return {
        name: judged(_logits(network, examples), examples.labels, limits)
        for name, examples in _columns(data, row, fold)
    }


def _logits(network: Network, examples: Examples) -> Numbers:
    return forward_all(network, examples.grey, RULE).logits


def _columns(data: Data, row: Row, fold: Fold) -> Iterator[tuple[str, Examples]]:
    locked = data.on(Side.LOCKED, fold)
    yield "locked", _small(data, row, locked)
    for name, hashes in fold.columns.items():
        yield name, _small(data, row, _against_the_other_class(data, hashes))
    for name, changes in SHIFTS.items():
        for number, change in enumerate(changes):
            yield f"{name} {number + 1}", _small(data, row, locked, change)
    yield "histogram", _swapped(data, row, locked)
    yield "second hospital", _small(data, row, data.second_half(learnt=False))


def _against_the_other_class(data: Data, hashes: frozenset[str]) -> list[Sample]:
    """The images with these hashes and, where they are of one class, all locked ones of the other."""
    judged = [item for item in data.samples if item.sha256 in hashes]
    missing = {0, 1} - {item.label for item in judged}
    locked = (item for item in data.samples if data.sides[item.sha256] is Side.LOCKED)
    return judged + [item for item in locked if item.label in missing]


def _small(data: Data, row: Row, samples: list[Sample], change: Change | None = None) -> Examples:
    return resized(_examples(data, row, samples, change), row.recipe.last_size)


def _examples(data: Data, row: Row, samples: list[Sample], change: Change | None = None) -> Examples:
    chance = np.random.default_rng(0)
    images = [data.shown[item.sha256] for item in samples]
    changed = [change(image, chance) if change else image for image in images]
    return _prepared(row, changed, samples)


def _swapped(data: Data, row: Row, samples: list[Sample]) -> Examples:
    labels = np.array([item.label for item in samples])
    images = np.stack([data.shown[item.sha256] for item in samples])
    swapped = another_histogram(images, labels, np.random.default_rng(0))
    return resized(_prepared(row, list(swapped), samples), row.recipe.last_size)


def _prepared(row: Row, images: list[Floats], samples: list[Sample]) -> Examples:
    grey = np.stack([as_bytes(stretch(row.prepare(image), RULE)) for image in images])
    labels = np.array([item.label for item in samples], np.int64)
    return Examples(grey, labels, [item.patient for item in samples])


def thresholds(logits: Numbers, labels: NDArray[np.int64]) -> dict[str, float]:
    """For each of AIMS, as a key, the threshold of a probability that has this sensitivity on calibration patients."""
    return {str(aim): calibrate.threshold_for(aim, expit(logits), labels) for aim in AIMS}


def judged(logits: Numbers, labels: NDArray[np.int64], limits: dict[str, float]) -> dict[str, Any]:
    """`auc`, and `balanced_accuracy`: the mean of sensitivity and specificity at each of the limits."""
    right = {aim: (expit(logits) >= limit) == (labels == 1) for aim, limit in limits.items()}
    balanced = {aim: float(np.mean([hits[labels == label].mean() for label in (0, 1)])) for aim, hits in right.items()}
    return {"auc": auc(labels, logits), "balanced_accuracy": balanced}
