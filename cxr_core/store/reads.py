"""What readers recorded. A read is never changed; a newer one supersedes it."""

from __future__ import annotations

import json
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.records import Region, Shape
from cxr_core.store.db import insert, one, rows


def add(db: Database, row: dict[str, Any]) -> int:
    """Store a read and return its number; `regions`, where some were marked, is a tuple of Region."""
    regions = json.dumps([region.as_dict() for region in row.get("regions", ())])
    return insert(db, "reads", {**row, "regions": regions})


def get(db: Database, read: int) -> dict[str, Any]:
    """The read with this number. Raises NotFound."""
    found = one(db, "SELECT * FROM reads WHERE id = ?", (read,))
    if found is None:
        raise NotFound(f"there is no read {read}")
    return _decoded(found)


def is_current(db: Database, read: int) -> bool:
    """Whether no newer read supersedes this one."""
    return one(db, "SELECT 1 FROM current_reads WHERE id = ?", (read,)) is not None


def current_of(db: Database, image: str) -> list[dict[str, Any]]:
    """The current reads of an image, oldest first."""
    return [_decoded(row) for row in rows(db, "SELECT * FROM current_reads WHERE image = ? ORDER BY id", (image,))]


HISTORY = """
SELECT r.id, r.made_at, u.name AS reader, r.image, i.patient, r.prediction, p.model, p.probability,
       p.label AS model_label, r.agrees, r.label, r.reason, r.comment, r.regions,
       CASE WHEN r.supersedes IS NULL THEN r.seconds END AS seconds, r.supersedes,
       r.id NOT IN (SELECT supersedes FROM reads WHERE supersedes IS NOT NULL) AS current
FROM reads r JOIN users u ON u.id = r.reader JOIN images i ON i.id = r.image
LEFT JOIN predictions p ON p.id = r.prediction
"""


def history(db: Database, reader: int | None = None, limit: int = -1) -> list[dict[str, Any]]:
    """Reads with what the reader saw of the model, newest first; of one reader or of all.

    A revision has no `seconds`: none were measured.
    """
    found = rows(db, HISTORY + "WHERE ? IS NULL OR r.reader = ? ORDER BY r.id DESC LIMIT ?", (reader, reader, limit))
    return [_decoded(row) for row in found]


def current(db: Database) -> list[dict[str, Any]]:
    """`id`, `image`, `label`, `agrees` of the current reads with the patient's `side`, oldest first.

    `reason_kinds` is a list: what the model, which the reader saw, had refused the image for; `put_right` is what it
    had put right before it looked, or None.
    """
    found = rows(
        db,
        "SELECT r.id, r.image, r.label, r.agrees, t.side, coalesce(p.reason_kinds, '[]') AS reason_kinds, p.put_right "
        "FROM current_reads r JOIN images i ON i.id = r.image JOIN patients t ON t.pseudonym = i.patient "
        "LEFT JOIN predictions p ON p.id = r.prediction ORDER BY r.id",
    )
    return [{**row, "reason_kinds": json.loads(row["reason_kinds"])} for row in found]


def agreement(db: Database, since: str) -> list[dict[str, Any]]:
    """How many current reads since a stamp could agree with a model, and did: `day` (UTC), `model`, `n`, `agreed`."""
    return rows(
        db,
        "SELECT substr(r.made_at, 1, 10) AS day, p.model, count(*) AS n, sum(r.agrees) AS agreed "
        "FROM current_reads r JOIN predictions p ON p.id = r.prediction "
        "WHERE r.made_at >= ? AND r.agrees IS NOT NULL GROUP BY day, p.model",
        (since,),
    )


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    marks = json.loads(row["regions"])
    return {**row, "regions": tuple(Region(**{**mark, "shape": Shape(mark["shape"])}) for mark in marks)}
