"""Freezing the site's reference: its first X-rays as counts, with an admin's reason, to be compared with for good."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.errors import Conflict
from cxr_core.records import Role, User
from cxr_core.store import audit, models, predictions, site_references
from cxr_core.store.db import opened, transaction
from cxr_core.store.site_references import Frozen, Part
from cxr_core.store.tallies import PICTURES, readers_of
from cxr_core.work import judging, references, rolling
from cxr_core.work.deciding import given
from cxr_core.work.guarding import EVERYBODY, open_to
from cxr_core.work.rolling import Signals

MOST = 500
"""X-rays in a reference."""
FEWEST = 100
"""Below which none is frozen: a change would have to be as large as a third to be told from chance."""


@open_to(Role.ADMIN)
def freeze(home: Path, user: User, reason: str) -> int:
    """Freeze the first MOST X-rays since the last reference, with what the running model said of them.

    Returns its number. Raises BadInput without a reason, Conflict where there are fewer than FEWEST.
    """
    with opened(home) as db, transaction(db):
        why, model = given(reason, "it is kept with the reference"), models.running(db) or ""
        rows = _next_images(db)
        if len(rows) < FEWEST:
            raise Conflict(f"too few X-rays for a reference: {len(rows)} have come in, {FEWEST} are needed")
        facts = {
            "frozen_by": user.id, "reason": why, "model": model,
            "first_at": rows[0]["received_at"], "last_at": rows[-1]["received_at"],
        }  # fmt: skip
        number = site_references.add(db, facts, [row["id"] for row in rows], _parts(db, rows, model))
        audit.record(db, user.name, "freeze reference", str(number), images=len(rows), model=model, reason=why)
        return number


@open_to(*EVERYBODY)
def frozen(home: Path, user: User) -> list[Frozen]:
    """Every reference of the site, newest first; the first of them stands."""
    with opened(home) as db:
        return site_references.every(db)


@open_to(Role.ADMIN)
def available(home: Path, user: User) -> int:
    """How many X-rays the next reference would have."""
    with opened(home) as db:
        return len(_next_images(db))


def _next_images(db: Database) -> list[dict[str, Any]]:
    last = site_references.current(db)
    return site_references.first_images(db, MOST, last.last_at if last else "")


def _parts(db: Database, rows: list[dict[str, Any]], model: str) -> list[Part]:
    """Counts by device and view: of the X-rays, of what the model said of them, and what readers made of that."""
    seen_by = references.axes_of(models.card(db, model))
    pictures: dict[tuple[str, str], list[Signals]] = defaultdict(list)
    said: dict[tuple[str, str], list[Signals]] = defaultdict(list)
    judged: dict[tuple[str, str], list[Signals]] = defaultdict(list)
    for row in rows:
        place = row["device"] or "", row["view"] or ""
        pictures[place].append(rolling.of_picture(row))
        if found := predictions.of_model(db, row["id"], model):
            said[place].append(rolling.of_row(found, seen_by))
        judged[place] += judging.of_image(db, row["id"], model)
    return [
        *_counted(PICTURE_LAYOUT, PICTURES, pictures), *_counted(OPINION_LAYOUT, model, said),
        *_counted(JUDGEMENT_LAYOUT, readers_of(model), judged),
    ]  # fmt: skip


def _counted(layout: Layout, model: str, found: dict[tuple[str, str], list[Signals]]) -> list[Part]:
    return [
        Part(model, device, view, len(signals), layout.to_bytes(layout.count(signals)))
        for (device, view), signals in found.items()
        if signals
    ]
