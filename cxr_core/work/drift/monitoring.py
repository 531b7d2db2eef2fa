"""What is known of the models in use: versions, decisions and releases, and what readers made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.drift.agreement import Judgements
from cxr_core.drift.conduct import Month, Opinion, by_month
from cxr_core.records import CLASSES, Seen, User
from cxr_core.store import models, reads
from cxr_core.store.db import opened
from cxr_core.work.guarding import EVERYBODY, OVERSIGHT, READING_ROOM, open_to
from cxr_core.work.reading_room import revealing


@dataclass(frozen=True)
class Release:
    """A moment at which the running model changed."""

    at: datetime
    model: str
    action: str


@open_to(*EVERYBODY)
def running_model(home: Path, user: User) -> str | None:
    """The name of the model in use."""
    with opened(home) as db:
        return models.running(db)


@open_to(*READING_ROOM)
def decisions(home: Path, user: User) -> list[dict[str, Any]]:
    """Every decision on models with who took it, oldest first."""
    with opened(home) as db:
        return models.decisions(db)


@open_to(*READING_ROOM)
def releases(home: Path, user: User) -> list[Release]:
    """The moments at which another model was put to use, oldest first: marks on the drift page."""
    return [
        Release(datetime.fromisoformat(row["decided_at"]), row["model"], row["action"])
        for row in decisions(home, user)
        if row["action"] in models.PUT_TO_USE
    ]


@open_to(*READING_ROOM)
def agreement(home: Path, user: User, days: int) -> list[Judgements]:
    """The current reads of the last `days` on which a reader could agree or not, counted by day and model version."""
    with opened(home) as db:
        found = reads.agreement(db, revealing.eyes_of(user), clock.ago(days=days))
    return [Judgements(date.fromisoformat(row["day"]), row["model"], row["n"], row["agreed"]) for row in found]


@open_to(*OVERSIGHT)
def conduct(home: Path, user: User) -> list[Month]:
    """What the readers, as a group, did with the model's opinion, month by month."""
    with opened(home) as db:
        found = reads.last_words(db)
    return by_month(map(_opinion, found))


def _opinion(row: dict[str, Any]) -> Opinion:
    model, seen = row["model"] if row["model"] in CLASSES else None, row["seen"] == Seen.DIRECTLY
    day = date.fromisoformat(row["day"])
    return Opinion(day, row["image"], row["slot"], row["label"], model, row["first"], seen, row["seconds"])
