"""Watching: the models that were released, what readers made of them, and what the drift page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cxr_core import clock
from cxr_core.drift.agreement import Agreement, Judgements, weekly_agreement
from cxr_core.drift.catalogue import APPEARANCE, SIGNALS
from cxr_core.drift.conduct import Month, Opinion, by_month
from cxr_core.drift.signals import Signal
from cxr_core.drift.sketch import Sketch
from cxr_core.drift.timeline import Observations, Observed, References, Window, current, opinion_values, timeline
from cxr_core.drift.weeks import Moments
from cxr_core.records import CLASSES, Role, Seen, User
from cxr_core.store import images, models, predictions, reads
from cxr_core.store.db import opened
from cxr_core.work import revealing
from cxr_core.work.guarding import EVERYBODY, open_to


@dataclass(frozen=True)
class Release:
    """A moment at which the running model changed."""

    at: datetime
    model: str
    action: str


@dataclass(frozen=True)
class Watch:
    """What the drift page shows."""

    signals: tuple[Signal, ...]
    """Each signal of the last four weeks beside the running model's reference."""
    windows: list[Window]
    """The same, week by week."""
    agreement: list[Agreement]
    """How often readers agreed, by week and model version."""
    releases: list[Release]
    """When another model was put to use, within the time shown."""
    reference: Mapping[str, Sketch]
    """The running model's reference."""


@open_to(*EVERYBODY)
def watch(home: Path, user: User, days: int) -> Watch:
    """The last `days` beside the models' references. Raises BadInput if the running model's card has none."""
    references = _references(home, user)
    seen = _observed(home, user, days)
    since = clock.now() - timedelta(days=days)
    return Watch(
        current(seen, references, clock.now()),
        timeline(seen, references),
        weekly_agreement(agreement(home, user, days)),
        [release for release in releases(home, user) if release.at >= since],
        references.by_model[references.running],
    )


@open_to(*EVERYBODY)
def drift_now(home: Path, user: User, days: int) -> dict[str, Any]:
    """The signals of the last `days` beside the running model's reference, ready for JSON.

    Raises BadInput if the running model's card has no reference.
    """
    references = _references(home, user)
    seen = _observed(home, user, days)
    signals = current(seen, references, clock.now(), days)
    return {
        "model": references.running,
        "days": days,
        "images": len(seen.pictures),
        "signals": [asdict(signal) for signal in signals],
    }


@open_to(*EVERYBODY)
def model_versions(home: Path, user: User) -> list[dict[str, Any]]:
    """Every model with its card and the last decision on it, newest first; `running` marks the one in use."""
    with opened(home) as db:
        running = models.running(db)
        return [{**row, "running": row["name"] == running} for row in models.all_models(db)]


@open_to(*EVERYBODY)
def running_model(home: Path, user: User) -> str | None:
    """The name of the model in use."""
    with opened(home) as db:
        return models.running(db)


@open_to(*EVERYBODY)
def decisions(home: Path, user: User) -> list[dict[str, Any]]:
    """Every decision on models with who took it, oldest first."""
    with opened(home) as db:
        return models.decisions(db)


@open_to(*EVERYBODY)
def releases(home: Path, user: User) -> list[Release]:
    """The moments at which another model was put to use, oldest first: marks on the drift page."""
    return [
        Release(datetime.fromisoformat(row["decided_at"]), row["model"], row["action"])
        for row in decisions(home, user)
        if row["action"] in models.PUT_TO_USE
    ]


@open_to(*EVERYBODY)
def agreement(home: Path, user: User, days: int) -> list[Judgements]:
    """The current reads of the last `days` on which a reader could agree or not, counted by day and model version."""
    with opened(home) as db:
        found = reads.agreement(db, revealing.eyes_of(user), clock.ago(days=days))
    return [Judgements(date.fromisoformat(row["day"]), row["model"], row["n"], row["agreed"]) for row in found]


@open_to(Role.ADMIN)
def conduct(home: Path, user: User) -> list[Month]:
    """What the readers, as a group, did with the model's opinion, month by month."""
    with opened(home) as db:
        found = reads.last_words(db)
    return by_month(map(_opinion, found))


def _opinion(row: dict[str, Any]) -> Opinion:
    model, seen = row["model"] if row["model"] in CLASSES else None, row["seen"] == Seen.DIRECTLY
    day = date.fromisoformat(row["day"])
    return Opinion(day, row["image"], row["slot"], row["label"], model, row["first"], seen, row["seconds"])


def _references(home: Path, user: User) -> References:
    cards = [version["card"] for version in model_versions(home, user)]
    by_model = {card["name"]: _sketches(card["reference"]) for card in cards if card["reference"]}
    return References(running_model(home, user) or "none", by_model)


def _sketches(reference: dict[str, Any]) -> dict[str, Sketch]:
    """A card's sketches in the order of the catalogue; what this program doesn't watch is left out."""
    return {name: Sketch.from_dict(reference[name]) for name in SIGNALS if name in reference}


def _observed(home: Path, user: User, days: int) -> Observed:
    """The pictures that came in and the predictions that were made in the last `days`, as far as the user may see."""
    since = clock.ago(days=days)
    with opened(home) as db:
        seen = images.appearances(db, since, APPEARANCE)
        made = predictions.made_since(db, revealing.eyes_of(user), since)
    columns = np.array([row[1:] for row in seen], np.float64).reshape(-1, len(APPEARANCE)).T
    pictures = Observations(_moments(row[0] for row in seen), dict(zip(APPEARANCE, columns, strict=True)))
    said: dict[str, list[tuple[str, float | None]]] = {}
    for at, model, probability in made:
        said.setdefault(model, []).append((at, probability))
    return Observed(pictures, {model: _opinions(rows) for model, rows in said.items()})


def _opinions(rows: list[tuple[str, float | None]]) -> Observations:
    probabilities = np.array([probability for _, probability in rows], np.float64)
    return Observations(_moments(at for at, _ in rows), opinion_values(probabilities))


def _moments(stamps: Iterable[str]) -> Moments:
    """Stamps as numpy reads them: UTC, without the zone at their end."""
    return np.array([stamp.removesuffix("+00:00") for stamp in stamps], "datetime64[us]")
