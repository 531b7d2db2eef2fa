"""Collecting labelled images for training and judging, from folders and from the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import from_stored
from cxr_core.drift.appearance import measure
from cxr_core.errors import ModelError, RejectedFile
from cxr_core.model import dataset
from cxr_core.model.examples import Examples, as_bytes
from cxr_core.model.preprocess import Preprocessing, brightness, righted, stretch
from cxr_core.records import CLASSES, Label, Radiograph, Side
from cxr_core.settings import Settings
from cxr_core.store import files, images, tombstones, training_sets
from cxr_core.work.models.base_data import base_samples
from cxr_core.work.models.slices import slices_of


@dataclass(frozen=True)
class Gathered:
    """Examples with the appearance of each, for references, and what is known of whom and by what they were made."""

    examples: Examples
    appearance: list[dict[str, float]]
    slices: list[dict[str, str]]
    """The slice of each kind that each image is in."""

    def __len__(self) -> int:
        return len(self.examples)


@dataclass(frozen=True)
class Labelled:
    """One X-ray with its label and its patient."""

    radiograph: Radiograph
    label: int
    patient: str
    device: str | None = None
    """Its pseudonym, where it is known."""
    weight: float = 1.0
    """How much the label counts, 0 to 1."""


def prepare(found: Iterator[Labelled], rule: Preprocessing) -> Gathered:
    """The images as the model sees them."""
    grey, labels, patients, weights, appearance, slices = [], [], [], [], [], []
    for item in found:
        shown = brightness(item.radiograph, rule.size)
        grey.append(as_bytes(stretch(shown, rule)))
        labels.append(item.label)
        patients.append(item.patient)
        weights.append(item.weight)
        appearance.append(measure(shown))
        slices.append(slices_of(item.radiograph, item.device))
    pictures = np.stack(grey) if grey else np.zeros((0, rule.size, rule.size), np.uint8)
    examples = Examples(pictures, np.array(labels, np.int64), patients, np.array(weights, np.float32))
    return Gathered(examples, appearance, slices)


def of_samples(samples: list[dataset.Sample]) -> Iterator[Labelled]:
    """The readable files of a data folder; raises ModelError naming one that can't be read."""
    for sample in samples:
        try:
            yield _opened(sample)
        except RejectedFile as error:
            raise ModelError(f"{sample.path}: {error}") from error


def readable(samples: list[dataset.Sample]) -> Iterator[Labelled]:
    """The files of a data folder, without those that can't be read."""
    for sample in samples:
        try:
            yield _opened(sample)
        except RejectedFile:
            continue


def _opened(sample: dataset.Sample) -> Labelled:
    return Labelled(read(sample.path.read_bytes()).radiograph, sample.label, sample.patient)


def by_side(samples: list[dataset.Sample], sides: dict[str, Side], rule: Preprocessing) -> dict[Side, Gathered]:
    """A data folder's images on each side of its split."""
    return {
        side: prepare(of_samples([sample for sample in samples if sides[sample.sha256] is side]), rule) for side in Side
    }


def of_training_set(
    settings: Settings, db: Database, items: list[dict[str, Any]], rule: Preprocessing
) -> dict[Side, Gathered]:
    """A training set's images on each side. Raises ModelError if base data that it names is gone, or a patient."""
    tombstones.require_whole(db, [item["image"] for item in items])
    known = base_samples(db, settings, items)
    return {
        side: prepare((_labelled(settings.home, db, known, item) for item in items if item["side"] == side), rule)
        for side in Side
    }


def of_the_site(home: Path, db: Database, items: list[dict[str, Any]], rule: Preprocessing) -> Gathered:
    """The images of items of a training set, none of which is base data."""
    return prepare((_labelled(home, db, {}, item) for item in items), rule)


def _labelled(home: Path, db: Database, known: dict[str, dataset.Sample], item: dict[str, Any]) -> Labelled:
    label = CLASSES.index(Label(item["label"]))
    if item["origin"] != training_sets.BASE:
        row = images.get(db, item["image"])
        # Manifests of earlier versions don't say.
        film = righted(from_stored(files.get(home, row["file_sha256"])), item.get("put_right"))
        return Labelled(film, label, row["patient"], row["device"], item.get("weight", 1.0))
    if item["image"] not in known:
        raise ModelError("an image of the base data is missing: set CXR_BASE_DATA to the folder that was used")
    return next(of_samples([known[item["image"]]]))
