"""Watching: the models that were released, what readers made of them, and what the drift page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.drift.agreement import Agreement, Judgement, weekly_agreement
from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.signals import Signal
from cxr_core.drift.sketch import Sketch
from cxr_core.drift.timeline import Observation, References, Window, current, opinion_values, timeline
from cxr_core.store import models, predictions, reads
from cxr_core.store.db import opened


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


def watch(home: Path, days: int) -> Watch:
    """The last `days` beside the models' references. Raises BadInput if the running model's card has none."""
    rows = observed(home, days)
    references = _references(home)
    seen = [_observation(row) for row in rows]
    since = clock.now() - timedelta(days=days)
    return Watch(
        current(seen, references, clock.now()),
        timeline(seen, references),
        weekly_agreement(_judgement(read) for read in agreement(home, days)),
        [release for release in releases(home) if release.at >= since],
        references.by_model[references.running],
    )


def drift_now(home: Path, days: int) -> dict[str, Any]:
    """The signals of the last `days` beside the running model's reference, ready for JSON.

    Raises BadInput if the running model's card has no reference.
    """
    references = _references(home)
    rows = observed(home, days)
    signals = current([_observation(row) for row in rows], references, clock.now(), days)
    return {
        "model": references.running,
        "days": days,
        "images": sum(row["first"] for row in rows),
        "signals": [asdict(signal) for signal in signals],
    }


def model_versions(home: Path) -> list[dict[str, Any]]:
    """Every model with its card and the last decision on it, newest first; `running` marks the one in use."""
    with opened(home) as db:
        running = models.running(db)
        return [{**row, "running": row["name"] == running} for row in models.all_models(db)]


def running_model(home: Path) -> str | None:
    """The name of the model in use."""
    with opened(home) as db:
        return models.running(db)


def decisions(home: Path) -> list[dict[str, Any]]:
    """Every decision on models with who took it, oldest first."""
    with opened(home) as db:
        return models.decisions(db)


def releases(home: Path) -> list[Release]:
    """The moments at which another model was put to use, oldest first: marks on the drift page."""
    return [
        Release(datetime.fromisoformat(row["decided_at"]), row["model"], row["action"])
        for row in decisions(home)
        if row["action"] != "refuse"
    ]


def observed(home: Path, days: int) -> list[dict[str, Any]]:
    """The predictions of the last `days` with the appearance of their images, oldest first."""
    with opened(home) as db:
        return predictions.observed(db, clock.ago(days=days))


def agreement(home: Path, days: int) -> list[dict[str, Any]]:
    """The current reads of the last `days` on which a reader could agree or not: `made_at`, `agrees`, `model`."""
    since = clock.ago(days=days)
    with opened(home) as db:
        return [read for read in reads.current(db) if read["agrees"] is not None and read["made_at"] >= since]


def _references(home: Path) -> References:
    cards = [version["card"] for version in model_versions(home)]
    by_model = {card["name"]: _sketches(card["reference"]) for card in cards if card["reference"]}
    return References(running_model(home) or "none", by_model)


def _sketches(reference: dict[str, Any]) -> dict[str, Sketch]:
    """A card's sketches in the order of the catalogue; what this program doesn't watch is left out."""
    return {name: Sketch.from_dict(reference[name]) for name in SIGNALS if name in reference}


def _observation(row: dict[str, Any]) -> Observation:
    """A prediction, and with the first one on an image what the image is like: each image counts once."""
    said = opinion_values(row["probability"]) if row["probability"] is not None else {}
    seen = row["appearance"] if row["first"] else {}
    return Observation(datetime.fromisoformat(row["made_at"]), row["model"], {**seen, **said}, row["device"])


def _judgement(read: dict[str, Any]) -> Judgement:
    return Judgement(datetime.fromisoformat(read["made_at"]), read["model"], bool(read["agrees"]))
