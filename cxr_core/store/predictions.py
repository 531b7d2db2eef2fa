"""What each model version said of each image: one row for a pair, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.records import Opinion, Status
from cxr_core.store.db import each, one, rows
from cxr_core.store.eyes import REVEALED, Eyes

EMBEDDING = np.dtype("<f2")
"""Of the 512 numbers that are kept."""


def add(db: Database, image: str, model: str, opinion: Opinion) -> bool:
    """Store an opinion, once: a second one of the same model on the same image changes nothing, and gives False."""
    return _insert(db, {
        "image": image, "model": model, "status": Status.PREDICTED.value,
        "probability": opinion.probability, "logit": opinion.logit, "label": opinion.label.value,
        "heatmap": opinion.heatmap.astype("<f4").tobytes(), "embedding": opinion.embedding.astype(EMBEDDING).tobytes(),
        "heatmap_doubt": opinion.heatmap_doubt, "put_right": opinion.put_right,
        "made_at": clock.stamp(),
    })  # fmt: skip


def add_not_analysed(db: Database, image: str, model: str, reasons: list[str], kinds: Sequence[str] = ()) -> bool:
    """Store, once, why a model gives no opinion on an image: in sentences, and what each is about in a word."""
    return _insert(db, {
        "image": image, "model": model, "status": Status.NOT_ANALYSED.value, "reasons": json.dumps(reasons),
        "reason_kinds": json.dumps(list(kinds)),
        "made_at": clock.stamp(),
    })  # fmt: skip


def standing(db: Database, image: str, model: str | None) -> dict[str, Any]:
    """The prediction of `model` on an image, or the newest one where that hasn't come. Raises NotFound.

    `heatmap` is 7 x 7, `reasons` a list.
    """
    found = one(
        db, "SELECT * FROM predictions WHERE image = ? ORDER BY model = ? DESC, id DESC LIMIT 1", (image, model)
    )  # fmt: skip
    if found is None:
        raise NotFound(f"there is no prediction on image {image[:12]}…")
    return _decoded(found)


def answers(db: Database, eyes: Eyes, images: Iterable[str], model: str | None) -> dict[str, dict[str, Any]]:
    """`status`, `label`, `probability`, `reasons` of the standing prediction on each image where it may be seen."""
    found = rows(
        db,
        "SELECT p.image, p.status, p.label, p.probability, p.reasons "
        "FROM predictions p JOIN images i ON i.id = p.image "
        f"WHERE p.image IN (SELECT value FROM json_each(:images)) AND {REVEALED} ORDER BY p.model = :model, p.id",
        {**eyes.named(), "images": json.dumps(list(images)), "model": model},
    )
    found = [{**row, "reasons": json.loads(row["reasons"])} for row in found]
    return {row["image"]: row for row in found}  # of several on an image, the last row stands


def by_version(db: Database, eyes: Eyes, image: str) -> list[dict[str, Any]]:
    """What each model version said of an image, oldest first, where it may be seen.

    `model`, `status`, `label`, `probability`, `reasons` and `made_at`.
    """
    found = rows(
        db,
        "SELECT p.model, p.status, p.label, p.probability, p.reasons, p.made_at "
        "FROM predictions p JOIN images i ON i.id = p.image "
        f"WHERE p.image = :image AND {REVEALED} ORDER BY p.id",
        {**eyes.named(), "image": image},
    )
    return [{**row, "reasons": json.loads(row["reasons"])} for row in found]


def on(db: Database, image: str) -> list[dict[str, Any]]:
    """What every model said of an image."""
    return [_decoded(row) for row in rows(db, "SELECT * FROM predictions WHERE image = ?", (image,))]


def of_model(db: Database, image: str, model: str) -> dict[str, Any] | None:
    """What a model said of an image, or None."""
    found = one(db, "SELECT * FROM predictions WHERE image = ? AND model = ?", (image, model))
    return _decoded(found) if found else None


def get(db: Database, prediction: int) -> dict[str, Any] | None:
    """The prediction with this number, or None."""
    found = one(db, "SELECT * FROM predictions WHERE id = ?", (prediction,))
    return _decoded(found) if found else None


def lacking(db: Database, model: str, limit: int) -> list[dict[str, Any]]:
    """`id` and `file_sha256` of images that wait to be read and lack a prediction by `model`, oldest first."""
    return rows(
        db,
        "SELECT id, file_sha256 FROM images i WHERE slots_open > 0 "
        "AND NOT EXISTS (SELECT 1 FROM predictions WHERE image = i.id AND model = ?) ORDER BY received_at, id LIMIT ?",
        (model, limit),
    )


def every(db: Database) -> Iterator[dict[str, Any]]:
    """Every prediction with `received_at`, `device`, `equipment`, `view` and `mode` of its image, oldest first."""
    columns = "p.*, i.received_at, i.device, i.equipment, i.view, i.mode"
    found = each(db, f"SELECT {columns} FROM predictions p JOIN images i ON i.id = p.image ORDER BY p.id")
    return map(_decoded, found)


def newest(
    db: Database, model: str, days: tuple[str, str], modes: Iterable[str], device: str | None
) -> Iterator[dict[str, Any]]:
    """`embedding`, `made_at`, and the image's `received_at` and `patient` of a model's opinions, newest first.

    Of those made from the first of `days` on and before the second, on images that are read in one of these modes; of
    one device, where it is named.
    """
    found = each(
        db,
        "SELECT p.embedding, p.made_at, i.received_at, i.patient FROM predictions p JOIN images i ON i.id = p.image "
        "WHERE p.made_at >= :first AND p.made_at < :end AND p.model = :model AND p.embedding NOT NULL "
        "AND i.mode IN (SELECT value FROM json_each(:modes)) AND (:device IS NULL OR i.device = :device) "
        "ORDER BY p.made_at DESC",
        {"first": days[0], "end": days[1], "model": model, "modes": json.dumps(list(modes)), "device": device},
    )
    return ({**row, "embedding": np.frombuffer(row["embedding"], EMBEDDING)} for row in found)


def of_reference(db: Database, reference: int, model: str, device: str | None) -> list[dict[str, Any]]:
    """A model's opinions on the images of a reference of the site that are still there; of one device, where named.

    `embedding`, `made_at`, and the image's `received_at` and `patient`.
    """
    found = rows(
        db,
        "SELECT p.embedding, p.made_at, i.received_at, i.patient FROM reference_images r "
        "JOIN predictions p ON p.image = r.image JOIN images i ON i.id = r.image WHERE r.reference = :reference "
        "AND p.model = :model AND p.embedding NOT NULL AND (:device IS NULL OR i.device = :device)",
        {"reference": reference, "model": model, "device": device},
    )
    return [{**row, "embedding": np.frombuffer(row["embedding"], EMBEDDING)} for row in found]


def of_destination(db: Database, destination: int, among: int, limit: int) -> list[dict[str, Any]]:
    """`label` and `made_at` of the last opinions on what came from where a destination's rules look, newest first.

    Whatever the rules say of labels, hours and kinds of answers, and whether or not anything was sent. Without a rule
    it is all that came over the network. Only the last `among` predictions are looked through.
    """
    return rows(
        db,
        "SELECT p.label, p.made_at FROM predictions p WHERE p.label NOT NULL "
        "AND p.id > (SELECT max(id) FROM predictions) - :among AND EXISTS (SELECT 1 FROM arrivals a "
        "LEFT JOIN rules r ON r.destination = :destination AND r.removed_at IS NULL WHERE a.image = p.image AND "
        "(r.id IS NULL OR a.sender IS coalesce(r.sender, a.sender) AND a.modality IS coalesce(r.modality, a.modality) "
        "AND a.device IS coalesce(r.device, a.device))) ORDER BY p.id DESC LIMIT :limit",
        {"destination": destination, "among": among, "limit": limit},
    )


def _insert(db: Database, row: dict[str, Any]) -> bool:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    added = db.execute(f"INSERT OR IGNORE INTO predictions ({names}) VALUES ({marks})", tuple(row.values()))
    return added.rowcount > 0


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    heatmap = np.frombuffer(row["heatmap"], "<f4").reshape(7, 7) if row["heatmap"] else None
    return {
        **row,
        "reasons": json.loads(row["reasons"]),
        "reason_kinds": json.loads(row["reason_kinds"]),
        "heatmap": heatmap,
        "embedding": np.frombuffer(row["embedding"], EMBEDDING) if row["embedding"] else None,
    }
