"""What each model version said of each image: one row for a pair, never changed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Opinion, Status
from cxr_core.store.db import one, rows


def add(db: Database, image: str, model: str, opinion: Opinion) -> None:
    """Store an opinion, once: a second one of the same model on the same image changes nothing."""
    _insert(db, {
        "image": image, "model": model, "status": Status.PREDICTED.value,
        "probability": opinion.probability, "logit": opinion.logit, "label": opinion.label.value,
        "heatmap": opinion.heatmap.astype("<f4").tobytes(), "embedding": opinion.embedding.astype("<f2").tobytes(),
        "made_at": clock.stamp(),
    })  # fmt: skip


def add_not_analysed(db: Database, image: str, model: str, reasons: list[str]) -> None:
    """Store why a model gives no opinion on an image."""
    _insert(db, {
        "image": image, "model": model, "status": Status.NOT_ANALYSED.value, "reasons": json.dumps(reasons),
        "made_at": clock.stamp(),
    })  # fmt: skip


def latest(db: Database, image: str, model: str | None = None) -> dict[str, Any] | None:
    """The newest prediction on an image (of `model`), or None; `heatmap` is 7 x 7, `reasons` a list."""
    found = one(
        db, "SELECT * FROM predictions WHERE image = ? AND (? IS NULL OR model = ?) ORDER BY id DESC LIMIT 1",
        (image, model, model),
    )  # fmt: skip
    return _decoded(found) if found else None


def get(db: Database, prediction: int) -> dict[str, Any] | None:
    """The prediction with this number, or None."""
    found = one(db, "SELECT * FROM predictions WHERE id = ?", (prediction,))
    return _decoded(found) if found else None


def lacking(db: Database, model: str, limit: int) -> list[dict[str, Any]]:
    """`id` and `file_sha256` of images that nobody has read and that lack a prediction by `model`, oldest first."""
    return rows(
        db,
        "SELECT id, file_sha256 FROM images WHERE id NOT IN (SELECT image FROM reads) "
        "AND id NOT IN (SELECT image FROM predictions WHERE model = ?) ORDER BY received_at, id LIMIT ?",
        (model, limit),
    )


def observed(db: Database, since: str) -> list[dict[str, Any]]:
    """Every prediction since a stamp with what the drift page needs of its image, oldest first.

    `first` marks the first prediction on an image: later ones, by other versions, are no further image.
    """
    found = rows(
        db,
        "SELECT p.made_at, p.model, p.status, p.probability, p.label, i.device, i.appearance, "
        "p.id = (SELECT min(id) FROM predictions WHERE image = p.image) AS first "
        "FROM predictions p JOIN images i ON i.id = p.image WHERE p.made_at >= ? ORDER BY p.made_at",
        (since,),
    )
    return [{**row, "appearance": json.loads(row["appearance"])} for row in found]


def _insert(db: Database, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT OR IGNORE INTO predictions ({names}) VALUES ({marks})", tuple(row.values()))


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    heatmap = np.frombuffer(row["heatmap"], "<f4").reshape(7, 7) if row["heatmap"] else None
    return {**row, "reasons": json.loads(row["reasons"]), "heatmap": heatmap}
