"""What would go into a training set if it were made now: flags, replay, and what is missing."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput
from cxr_core.model import dataset, release
from cxr_core.model.calibrate import FEWEST_PER_CLASS
from cxr_core.model.gate.objection import Kind
from cxr_core.records import CLASSES, Role, Side, User
from cxr_core.settings import Settings
from cxr_core.store import models, reads, site, training_sets
from cxr_core.store.db import one, opened
from cxr_core.work.guarding import open_to

BASE = "base data"
DEMO_BASE = "demo-base"
"""Folder of a demo's home with synthetic studies that stand in for the public data set."""
NEW = ("flagged", "refused")
"""Origins of what the running model hasn't learnt yet: readers disagreed with it, or it had given no answer."""
REFUSALS = tuple(kind.value for kind in (Kind.AGE, Kind.VIEW, Kind.QUALITY, Kind.UNLIKE))
"""What X-rays may have been refused for that a plan may learn from: not for being something else by their header, and
not as long as they lie the wrong way round."""
FEWEST_REPLAYED = 64
"""Replay at least this many, however few flags there are."""


@dataclass(frozen=True)
class Options:
    """How a fine-tuning run goes."""

    trained: str = "head"
    """`head` (the last layer alone; seconds), `last block`, or `all`."""
    epochs: int = 10
    """Times that every image is seen, 1 to 100."""
    learning_rate: float = 0.001
    """Adam's step, 0.00001 to 0.01; a tenth of it for the body of the network."""
    replay: int = 4
    """Agreed cases and base data for every flagged one, 0 to 50, so that the model doesn't forget."""
    refused_for: tuple[str, ...] = ()
    """Also learn from X-rays that the model refused for these reasons alone (some of REFUSALS) and readers labelled."""

    def __post_init__(self) -> None:
        if unknown := set(self.refused_for) - set(REFUSALS):
            raise BadInput(f"X-rays refused for {', '.join(sorted(unknown))} can't be learnt from")
        if self.trained not in ("head", "last block", "all"):
            raise BadInput("train the head, the last block, or all")
        if not (1 <= self.epochs <= 100 and 1e-5 <= self.learning_rate <= 0.01 and 0 <= self.replay <= 50):
            raise BadInput("epochs 1 to 100, learning rate 0.00001 to 0.01, replay 0 to 50")


@dataclass(frozen=True)
class Draft:
    """What would go into a training set if it were made now."""

    items: list[dict[str, Any]]
    """`image` (id, or content hash for base data), `label`, `origin`, `side`, and for those from readers `reads` and
    `put_right` (what the model had put right before it looked, as `inverted`, or None)."""
    left_out: list[dict[str, Any]]
    """`image` and `why`, and `refused_for` (kinds of reasons) where the model had refused the image."""
    missing: list[str]
    """What must come first, in plain words; empty if a retrain may start."""

    def refused(self) -> dict[str, int]:
        """How many labelled X-rays are left out because the model had refused them, by what for."""
        return dict(Counter(", ".join(item["refused_for"]) for item in self.left_out if "refused_for" in item))

    def table(self) -> list[dict[str, Any]]:
        """Counts by origin, label and side."""
        counted = Counter((item["origin"], item["label"], item["side"]) for item in self.items)
        return [
            {"origin": origin, "label": label, "side": side, "images": number}
            for (origin, label, side), number in sorted(counted.items())
        ]


@open_to(Role.ADMIN)
def draft(settings: Settings, user: User, options: Options) -> Draft:
    """The training set as it would be now: flags since the running model's set, with replay."""
    with opened(settings.home) as db:
        chosen, left_out = _from_reads(db, options)
        parent = models.running(db) or ""
        items = _with_replay(chosen, _base_items(db, settings), options, parent)
    return Draft(items, left_out, _missing(items))


def base_folder(db: Database, settings: Settings) -> Path | None:
    """The folder with base data: the site's own setting, or the phantoms of a demo."""
    demo = settings.home / DEMO_BASE
    return settings.base_data or (demo if site.get(db, "demo") and demo.is_dir() else None)


def base_sides(base: Path, samples: list[dataset.Sample]) -> dict[str, Side]:
    """The side of every base image: the folder's own split, else the release's, else a draw by patient.

    An image that no split knows is on the side where its patient's other images are.
    """
    own = dataset.split_file(base)
    known = {**(dataset.read_split(own) if own.is_file() else {}), **release.split()}
    drawn = dataset.split_by_patient(samples, seed=0)
    of_patient = {sample.patient: known[sample.sha256] for sample in samples if sample.sha256 in known}
    return {s.sha256: known.get(s.sha256) or of_patient.get(s.patient, drawn[s.sha256]) for s in samples}


def _from_reads(db: Database, options: Options) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One item for every image that was read.

    What readers don't agree on and nobody decided, locked patients, and what the model refused and the options don't
    name are left out.
    """
    used = _used_images(db)
    by_image: dict[str, list[dict[str, Any]]] = {}
    for read in reads.current(db):
        by_image.setdefault(read["image"], []).append(read)
    chosen, left_out = [], []
    for image, found in by_image.items():
        label = _decided(found)
        if label is None:
            left_out.append({"image": image, "why": "its readers disagree with each other"})
        elif found[0]["side"] == Side.LOCKED:
            left_out.append({"image": image, "why": "the patient is locked: kept for comparing models"})
        elif set(found[-1]["reason_kinds"]) - set(options.refused_for):
            left_out.append(_refused(image, found[-1]["reason_kinds"]))
        else:
            chosen.append(_read_item(image, [read for read in found if read["label"] == label], used))
    return chosen, left_out


def _decided(found: list[dict[str, Any]]) -> str | None:
    """The label that all readers gave, or more of them than another one: of two who differ, a third decides."""
    (label, votes), *others = Counter(read["label"] for read in found).most_common()
    return None if others and others[0][1] == votes else str(label)


def _refused(image: str, kinds: list[str]) -> dict[str, Any]:
    return {"image": image, "why": f"the model refused it for {' and '.join(kinds)}", "refused_for": kinds}


def _read_item(image: str, found: list[dict[str, Any]], used: set[tuple[str, str]]) -> dict[str, Any]:
    flagged = any(read["agrees"] == 0 for read in found)
    known = (image, found[0]["label"]) in used
    origin = "flagged" if flagged else "refused" if found[-1]["reason_kinds"] else "agreed"
    if known and origin in NEW:
        origin = f"{origin} before"
    return {
        "image": image, "label": found[0]["label"], "side": found[0]["side"], "origin": origin,
        "reads": [read["id"] for read in found], "put_right": found[-1]["put_right"],
    }  # fmt: skip


def _used_images(db: Database) -> set[tuple[str, str]]:
    """Image and label of the running model's own training set and its ancestors': what it has learnt already."""
    used: set[tuple[str, str]] = set()
    name = models.running(db)
    while name is not None:
        row = one(db, "SELECT parent, training_set FROM models WHERE name = ?", (name,)) or {}
        if row.get("training_set"):
            items = training_sets.get(db, row["training_set"])["items"]
            used |= {(item["image"], item["label"]) for item in items}
        name = row.get("parent")
    return used


def _base_items(db: Database, settings: Settings) -> list[dict[str, Any]]:
    base = base_folder(db, settings)
    samples = dataset.find_samples([base]) if base else []
    sides = base_sides(base, samples) if base else {}
    unique = {sample.sha256: sample for sample in samples}
    return [
        {"image": sha256, "label": CLASSES[sample.label].value, "side": sides[sha256].value, "origin": BASE}
        for sha256, sample in unique.items()
    ]


def _with_replay(
    chosen: list[dict[str, Any]], base: list[dict[str, Any]], options: Options, parent: str
) -> list[dict[str, Any]]:
    """What was flagged, and for every flag some of what was right, drawn by hash and balanced between the labels."""
    flagged = [item for item in chosen if item["origin"] in NEW and item["side"] == Side.TRAIN]
    kept_apart = [item for item in (*chosen, *base) if item["side"] != Side.TRAIN]
    pool = [item for item in (*chosen, *base) if item["side"] == Side.TRAIN and item["origin"] not in NEW]
    pool.sort(key=lambda item: hashlib.sha256(f"{parent}:{item['image']}".encode()).digest())
    wanted = max(FEWEST_REPLAYED, options.replay * len(flagged)) if options.replay else 0
    replayed = [
        item for label in CLASSES for item in [item for item in pool if item["label"] == label][: -(-wanted // 2)]
    ]
    return [*flagged, *replayed, *kept_apart]


def _missing(items: list[dict[str, Any]]) -> list[str]:
    """Why a retrain can't start yet."""
    found = []
    if not any(item["origin"] in NEW and item["side"] == Side.TRAIN for item in items):
        found.append("nothing to learn: no case on the training side was flagged since the running model was trained")
    for side, needed in ((Side.TRAIN, 2), (Side.VALIDATION, 5), (Side.CALIBRATION, FEWEST_PER_CLASS)):
        for label in CLASSES:
            at_hand = sum(item["side"] == side and item["label"] == label for item in items)
            if at_hand < needed:
                found.append(f"{side.value}: {needed} {label.value} images are needed, there are {at_hand}")
    return found
