"""One cell block of the table: train a row on a fold, and judge it on every column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from cxr_core.dicom.reading import read
from cxr_core.model import calibrate
from cxr_core.model.dataset import Sample
from cxr_core.model.examples import Examples, as_bytes
from cxr_core.model.material import Material, resized
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network, new_network
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing, brightness, stretch
from cxr_core.model.train import Progress, train
from cxr_core.records import Floats, Side
from tools.ablation.folds import Fold
from tools.ablation.pretraining import pretrain
from tools.ablation.rows import Row
from tools.ablation.shifts import SHIFTS, another_histogram

RULE = Preprocessing()
Change = Callable[[Floats, np.random.Generator], Floats]


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
        return [item for item in self.second if (_coin(item.patient) == 0) is learnt]


def read_once(samples: Iterable[Sample]) -> dict[str, Floats]:
    """Brightness of every sample, by content hash."""
    return {item.sha256: brightness(read(item.path.read_bytes()).radiograph, RULE.size) for item in samples}


def cells(data: Data, row: Row, fold: Fold, seed: int, tell: Progress) -> dict[str, dict[str, float]]:
    """What `row`, trained without what `fold` leaves out, reaches in every column."""
    network, second = new_network("none", seed), data.second_half(learnt=True)
    training = data.on(Side.TRAIN, fold)
    if row.pretraining:
        unlabelled = _small(data, row, training + second).grey
        pretrain(network, unlabelled, RULE, row.pretraining, seed)
    learnt = training + (second if row.second_domain else [])
    material = Material(_examples(data, row, learnt), _examples(data, row, data.on(Side.VALIDATION, fold)), RULE)
    recipe = replace(row.recipe, seed=seed)
    train(network, material, recipe, None, tell)
    calibration = _calibrated(network, _small(data, row, data.on(Side.CALIBRATION, fold)))
    return {name: _judged(network, calibration, examples) for name, examples in _columns(data, row, fold)}


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


def _calibrated(network: Network, held_out: Examples) -> calibrate.Calibration:
    """Calibration and threshold, found as a card's are."""
    return calibrate.fit(forward_all(network, held_out.grey, RULE).logits, held_out.labels, weights_sha256="")


def _judged(network: Network, calibration: calibrate.Calibration, examples: Examples) -> dict[str, float]:
    """`auc`, and the mean of sensitivity and specificity at the threshold, `balanced_accuracy`."""
    logits = forward_all(network, examples.grey, RULE).logits
    right = (calibration.probability(logits) >= calibration.threshold) == (examples.labels == 1)
    shares = [right[examples.labels == label].mean() for label in (0, 1)]
    return {"auc": auc(examples.labels, logits), "balanced_accuracy": float(np.mean(shares))}


def _coin(patient: str) -> int:
    return hashlib.sha256(f"second {patient}".encode()).digest()[0] % 2
