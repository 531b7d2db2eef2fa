"""Shadows: candidates that predict beside the running model. What they say lies apart from all that readers see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Label, Status
from cxr_core.store.db import insert, one, rows
from cxr_core.store.reads import DECIDED


@dataclass(frozen=True)
class Shadow:
    """A time in which a candidate predicts beside the running model."""

    model: str
    started_by: str | None
    started_at: str
    ended_at: str | None


_SHADOWS = """
SELECT s.model, u.name AS started_by, s.started_at, s.ended_at
FROM shadows s LEFT JOIN users u ON u.id = s.started_by
"""


def start(db: Database, model: str, by: int) -> None:
    """Let a candidate predict beside the running model; the database holds one open at a time."""
    insert(db, "shadows", {"model": model, "started_by": by, "started_at": clock.stamp()})


def end(db: Database) -> None:
    """End the shadow that is open; nothing where none is."""
    db.execute("UPDATE shadows SET ended_at = ? WHERE ended_at IS NULL", (clock.stamp(),))


def current(db: Database) -> Shadow | None:
    """The shadow that is open, or None."""
    found = one(db, f"{_SHADOWS} WHERE s.ended_at IS NULL")
    return Shadow(**found) if found else None


def newest(db: Database) -> Shadow | None:
    """The shadow that was started last, or None."""
    found = one(db, f"{_SHADOWS} ORDER BY s.id DESC LIMIT 1")
    return Shadow(**found) if found else None


def lacking(db: Database, shadow: Shadow, limit: int) -> list[dict[str, Any]]:
    """`id` and `file_sha256` of images that came in since the shadow began and lack its prediction, oldest first."""
    return rows(
        db,
        "SELECT id, file_sha256 FROM images i WHERE received_at >= :since "
        "AND NOT EXISTS (SELECT 1 FROM shadow_predictions WHERE image = i.id AND model = :model) "
        "ORDER BY received_at LIMIT :limit",
        {"since": shadow.started_at, "model": shadow.model, "limit": limit},
    )


def add(db: Database, image: str, model: str, answer: tuple[Label, float] | None) -> None:
    """Store what a candidate says of an image, label and probability of pneumonia (None: no opinion), once."""
    label, probability = answer or (None, None)
    status = Status.PREDICTED if answer else Status.NOT_ANALYSED
    db.execute(
        "INSERT OR IGNORE INTO shadow_predictions (image, model, status, label, probability, made_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (image, model, status.value, label and label.value, probability, clock.stamp()),
    )


def beside(db: Database, candidate: str, running: str | None) -> list[dict[str, Any]]:
    """What both models say of each image that both have judged: `label` and `probability`, None without an opinion.

    Those of the running one are called `running_label` and `running_probability`; `found` is what the readers found in
    the end, None where they haven't.
    """
    return rows(
        db,
        "SELECT s.label, s.probability, p.label AS running_label, p.probability AS running_probability, "
        f"{DECIDED} AS found FROM shadow_predictions s JOIN images i ON i.id = s.image "
        "JOIN predictions p ON p.image = s.image AND p.model = :running "
        "WHERE s.model = :candidate ORDER BY s.made_at, s.image",
        {"candidate": candidate, "running": running},
    )
