"""Other heatmaps of an opinion, on demand: asking for one, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, NotFound
from cxr_core.records import Floats, Job, Label, Lane, Method, Status, User
from cxr_core.store import explanations, jobs, models, predictions
from cxr_core.store.db import opened, transaction
from cxr_core.store.explanations import Explanation
from cxr_core.work.guarding import READING_ROOM, STAFF, open_to
from cxr_core.work.reading_room import revealing

EXPLAIN = "explain"


@dataclass(frozen=True)
class Asked:
    """What has become of a heatmap that was asked for: it is there, or a job has it in hand or failed at it."""

    explanation: Explanation | None
    job: Job | None = None


def may_ask(prediction: dict[str, Any]) -> bool:
    """Whether a prediction has more heatmaps to it: one without an opinion has none, and for Normal none is drawn.

    The other methods draw each map up to its own peak, so that of a Normal would glow like any other.
    """
    return prediction["status"] == Status.PREDICTED and prediction["label"] != Label.NORMAL


@open_to(*STAFF)
def ask(home: Path, user: User, image: str, method: Method) -> Asked:
    """The heatmap of the standing opinion on an image by another method; where nobody asked yet, a job draws it.

    Raises NotFound for no such image, BadInput for an opinion that has no more heatmaps, NotAllowed where the opinion
    may not be seen (yet).
    """
    with opened(home) as db, transaction(db):
        payload = _about(db, user, image, method)
        if found := explanations.find(db, *payload.values()):
            return Asked(found)
        number = jobs.open_about(db, EXPLAIN, payload) or jobs.ask(
            db, jobs.Request(EXPLAIN, _lane(method), payload, user.id or None)
        )
        return Asked(None, jobs.get(db, number))


@open_to(*STAFF)
def look(home: Path, user: User, image: str, method: Method, job: int) -> Asked:
    """What has become of a heatmap that `job` is to draw. Raises NotFound for no such image or job."""
    with opened(home) as db:
        payload, asked = _about(db, user, image, method), jobs.get(db, job)
        # Another job is of another model, which ran before, or none of the asker's business.
        is_it = (asked.kind, asked.payload) == (EXPLAIN, payload)
        return Asked(explanations.find(db, *payload.values()), asked if is_it else None)


def digest(heatmap: Floats) -> str:
    """The SHA-256 by which a heatmap is asked for."""
    return sha256(heatmap.astype("<f4").tobytes()).hexdigest()


@open_to(*READING_ROOM)
def heatmap(home: Path, user: User, image: str, wanted: str) -> bytes:
    """The heatmap of an image with this SHA-256: 7 x 7 float32, little-endian, by rows.

    Raises NotFound for no such image or no heatmap of it that may be shown, NotAllowed where the opinion may not be
    seen (yet).
    """
    with opened(home) as db:
        revealing.require(db, user, image)
        for found in explanations.shown(db, image):
            if sha256(found).hexdigest() == wanted:
                return found
    raise NotFound("there is no such heatmap")


def _about(db: Database, user: User, image: str, method: Method) -> dict[str, str]:
    revealing.require(db, user, image)
    prediction = predictions.standing(db, image, models.running(db))
    if method is Method.GRAD_CAM or not may_ask(prediction):
        raise BadInput(f"there is no {method} to draw: the model gives no Pneumonia or Uncertain here, or it is there")
    return {"image": image, "model": prediction["model"], "method": method.value}


def _lane(method: Method) -> Lane:
    """Score-CAM takes 513 forward passes, so it waits behind learning: files that come in must not wait for it."""
    return Lane.LEARNING if method is Method.SCORE_CAM else Lane.READING
