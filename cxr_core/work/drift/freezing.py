"""Freezing the site's reference: some of its X-rays as counts, with an admin's reason, to be compared with for good."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.errors import BadInput, Conflict
from cxr_core.records import Role, User
from cxr_core.store import audit, images, models, predictions, site_references
from cxr_core.store.db import opened, transaction
from cxr_core.store.site_references import Frozen, Part
from cxr_core.store.tallies import PICTURES, readers_of
from cxr_core.work.drift import judging, references, rolling
from cxr_core.work.drift.rolling import Signals
from cxr_core.work.guarding import OVERSIGHT, READING_ROOM, open_to
from cxr_core.work.models.deciding import given

MOST = 500
"""X-rays in a reference."""
FEWEST = 100
"""Below which none is frozen: a change would have to be as large as a third to be told from chance."""
Place = tuple[str, str, str]
"""Device, equipment and view; empty where the header doesn't say."""


@dataclass(frozen=True)
class Period:
    """Days, both among them, in UTC. Raises BadInput where the last lies before the first, or in the future."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput(f"no day lies between {self.first} and {self.last}: begin with the earlier one")
        if self.last > clock.now().date():
            raise BadInput(f"{self.last} lies in the future: end with today, or earlier")

    def __str__(self) -> str:
        return f"from {self.first} to {self.last}"


@open_to(Role.ADMIN)
def freeze(home: Path, user: User, reason: str, period: Period | None = None) -> int:
    """Freeze the first MOST X-rays since the last reference, or so many evenly over a period, as they came in.

    With what the running model said of them. Returns the reference's number. Raises BadInput without a reason,
    Conflict where there are fewer than FEWEST.
    """
    with opened(home) as db, transaction(db):
        why, model = given(reason, "it is kept with the reference"), models.running(db) or ""
        rows = _chosen(db, period)
        if len(rows) < FEWEST:
            when = f" {period}" if period else ""
            raise Conflict(f"too few X-rays for a reference: {len(rows)} have come in{when}, {FEWEST} are needed")
        facts = {
            "frozen_by": user.id, "reason": why, "model": model,
            "first_at": rows[0]["received_at"], "last_at": rows[-1]["received_at"],
        }  # fmt: skip
        number = site_references.add(db, facts, [row["id"] for row in rows], _parts(db, rows, model))
        audit.record(db, user.name, "freeze reference", str(number), images=len(rows), model=model, reason=why,
                     chosen=f"evenly {period}" if period else "the first to come in")  # fmt: skip
        return number


@open_to(*READING_ROOM)
def frozen(home: Path, user: User) -> list[Frozen]:
    """Every reference of the site, newest first; the first of them stands."""
    with opened(home) as db:
        return site_references.every(db)


@open_to(*OVERSIGHT)
def available(home: Path, user: User, period: Period | None = None) -> int:
    """How many X-rays came in in a period; without one, how many the next reference would have, MOST at most."""
    with opened(home) as db:
        return images.came_in(db, *_span(db, period), -1 if period else MOST)


def _chosen(db: Database, period: Period | None) -> list[dict[str, Any]]:
    after, before = _span(db, period)
    return images.evenly(db, after, before, MOST) if period else images.first(db, after, MOST)


def _span(db: Database, period: Period | None) -> tuple[str, str]:
    """Stamps, from after the first of which to before the second they come in."""
    if period:
        return period.first.isoformat(), (period.last + timedelta(days=1)).isoformat()
    last = site_references.current(db)
    return last.last_at if last else "", date.max.isoformat()


def _parts(db: Database, rows: list[dict[str, Any]], model: str) -> list[Part]:
    """Counts by where they come from: of the X-rays, of what the model said of them, of what readers made of that."""
    seen_by = references.axes_of(models.card(db, model))
    pictures: dict[Place, list[Signals]] = defaultdict(list)
    said: dict[Place, list[Signals]] = defaultdict(list)
    judged: dict[Place, list[Signals]] = defaultdict(list)
    for row in rows:
        place = row["device"] or "", row["equipment"] or "", row["view"] or ""
        pictures[place].append(rolling.of_picture(row))
        if (found := predictions.of_model(db, row["id"], model)) and rolling.is_counted(row, found):
            said[place].append(rolling.of_row(found, seen_by))
        judged[place] += judging.of_model(db, row["id"], model)
    return [
        *_counted(PICTURE_LAYOUT, PICTURES, pictures), *_counted(OPINION_LAYOUT, model, said),
        *_counted(JUDGEMENT_LAYOUT, readers_of(model), judged),
    ]  # fmt: skip


def _counted(layout: Layout, model: str, found: dict[Place, list[Signals]]) -> list[Part]:
    return [
        Part(model, *place, len(signals), layout.to_bytes(layout.count(signals)))
        for place, signals in found.items()
        if signals
    ]
