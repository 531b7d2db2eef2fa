"""What methods other than Grad-CAM draw of an opinion: one row for an image, a model and a method, never changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Floats
from cxr_core.store.db import one


@dataclass(frozen=True)
class Explanation:
    """What a method draws."""

    heatmap: Floats
    """7 x 7, not negative, in units of the method's own: only cells of one map compare."""
    doubt: str | None
    """Why it must not be shown."""


def add(db: Database, image: str, model: str, method: str, explanation: Explanation) -> None:
    """Store what a method draws, once: a second time changes nothing."""
    db.execute(
        "INSERT OR IGNORE INTO explanations (image, model, method, heatmap, doubt, made_at) VALUES (?, ?, ?, ?, ?, ?)",
        (image, model, method, explanation.heatmap.astype("<f4").tobytes(), explanation.doubt, clock.stamp()),
    )


def find(db: Database, image: str, model: str, method: str) -> Explanation | None:
    """What a method drew of the opinion of `model` on an image, or None where nobody asked yet."""
    asked = "SELECT heatmap, doubt FROM explanations WHERE image = ? AND model = ? AND method = ?"
    row = one(db, asked, (image, model, method))
    return Explanation(np.frombuffer(row["heatmap"], "<f4").reshape(7, 7), row["doubt"]) if row else None


def shown(db: Database, image: str) -> list[bytes]:
    """All heatmaps of an image that may be shown, Grad-CAM too: 7 x 7 float32, little-endian, by rows."""
    found = db.execute(
        "SELECT heatmap FROM predictions WHERE image = :image AND heatmap NOT NULL AND heatmap_doubt IS NULL "
        "UNION ALL SELECT heatmap FROM explanations WHERE image = :image AND doubt IS NULL",
        {"image": image},
    )
    return [row[0] for row in found]
