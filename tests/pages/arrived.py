"""What lies in the homes that pages are shown of: images with opinions, and candidates."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.model import release
from cxr_core.records import Label, Opinion, Side
from cxr_core.store import images, models, predictions, training_sets
from cxr_core.store.db import opened
from cxr_core.work.drift import rolling


def predicted(
    home: Path, number: int, probability: float = 0.9, label: Label = Label.PNEUMONIA, put_right: str | None = None
) -> str:
    """Put an image into the home, predicted with `probability`. Returns the image's id."""
    with opened(home) as db:
        image = _image(db, number)
        heatmap = np.full((7, 7), probability, np.float32)
        opinion = Opinion(probability, 1.0, label, heatmap, np.zeros(512, np.float32), put_right=put_right)
        predictions.add(db, image, models.running(db), opinion)
        rolling.count_opinion(db, images.get(db, image), models.running(db), rolling.of_opinion(opinion, [], None))
    return image


def refused(
    home: Path, number: int, kind: str = "age", reasons: tuple[str, ...] = ("patient of 40 years: too old. Read it.",)
) -> str:
    """Put an image into the home that the model refused, for reasons of one kind. Returns the image's id."""
    with opened(home) as db:
        image = _image(db, number)
        predictions.add_not_analysed(db, image, models.running(db), list(reasons), [kind] * len(reasons))
    return image


def _image(db: Database, number: int) -> str:
    image = f"{number:064x}"
    row = {
        "id": image, "patient": f"{number:08x}" * 3, "file_sha256": image, "source": "dicom", "modality": "DX",
        "view": "AP", "age_years": 3, "sex": "F", "manufacturer": "Phantom", "device": "d" * 24,
        "photometric": "MONOCHROME2", "bits": 12, "pixel_rows": 64, "pixel_columns": 64, "synthetic": 1,
        "appearance": {"mean": 0.5, "contrast": 0.2}, "received_at": clock.stamp(),
    }  # fmt: skip
    images.add(db, row, Side.TRAIN)
    rolling.count_picture(db, images.get(db, image))
    return image


def make_candidate(home: Path, passed: bool, number: int = 2) -> str:
    """A candidate, held against the running model, as a finished retrain leaves it. Returns its name."""
    card = copy.deepcopy(release.card())
    kept = ("auc", "auc_ci95", "accuracy", "sensitivity", "specificity", "confusion")
    row = {name: card["metrics"][name] for name in kept}
    with opened(home) as db:
        running = models.running(db)
        held = {**row, "model": running, "difference": 0.0, "difference_ci95": [-0.001, 0.001]}
        card |= {"parent": running, "name": f"cxr-resnet18-{number}"}
        card["metrics"]["gate"] = {"passed": passed, "reasons": [] if passed else ["too bad"], "running": running,
                                   "compared": [{**row, "model": card["name"]}, held]}  # fmt: skip
        models.add(db, card, training_sets.add(db, {"items": []}, None))
    return str(card["name"])
