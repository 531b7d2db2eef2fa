"""What is to be read and what was: the worklists, a case as its reader may see it, and the history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.records import Mode, Role, User
from cxr_core.store import audit, claims, images, lists, models, predictions, reads, stops, worklist
from cxr_core.store.db import opened, transaction
from cxr_core.store.stops import Stop
from cxr_core.store.worklist import Narrowed
from cxr_core.work.csv_text import as_csv
from cxr_core.work.guarding import EVERYBODY, OVERSIGHT, READING_ROOM, open_to
from cxr_core.work.reading_room import revealing
from cxr_core.work.reading_room.revealing import eyes_of

MOST_PRIORS = 20


class Show(StrEnum):
    """Which cases a worklist shows."""

    WAITING = "waiting"
    READ = "read"
    ALL = "all"


@dataclass(frozen=True)
class Filters:
    """What is shown of the worklists; None means anything."""

    show: Show = Show.WAITING
    label: str | None = None
    """What the model says, where that may be seen: Normal, Pneumonia, Uncertain, or `not analysed`."""
    device: str | None = None
    view: str | None = None
    since: date | None = None
    """The first day (UTC) on which a case may have come in."""
    offset: int = 0
    limit: int = 100
    worklist: int = 1


class Stage(StrEnum):
    """What the one who looks may do with a case."""

    FIRST = "first"
    """Give their own opinion, before they see the model's."""
    OPEN = "open"
    """Give their opinion: the only one, or the final one."""
    DONE = "done"
    """See what they recorded."""
    TAKEN = "taken"
    """Look on: others read it, or have read it."""
    LOOK = "look"
    """Look on: they don't read."""


@dataclass(frozen=True)
class Case:
    """An image with the opinion on it and its current reads, as far as the one who looks may see them."""

    image: dict[str, Any]
    prediction: dict[str, Any] | None
    """`status`, `probability`, `label`, `model`, `heatmap` (7 x 7), `reasons`; None where it may not be seen (yet)."""
    heatmap_scale: float
    """Top of the colour scale, from the model's card."""
    calibration: dict[str, Any]
    """Threshold and uncertain band, from the model's card; empty where the opinion may not be seen."""
    intended: dict[str, Any]
    """For which patients and views the model is, from its card; empty where the opinion may not be seen."""
    reads: list[dict[str, Any]]
    """A reader's own; all for an admin."""
    stage: Stage
    stop: Stop | None = None
    """Why no opinion is shown to anybody; None where no stop stands."""


@dataclass(frozen=True)
class Prior:
    """An earlier X-ray of the same patient."""

    image: str
    received_at: str
    opinion: dict[str, Any] | None
    """`status`, `label`, `probability` and `model` of the version that gave it; None where it may not be seen."""


@open_to(*READING_ROOM)
def waiting_list(home: Path, user: User, filters: Filters) -> list[dict[str, Any]]:
    """A worklist in its own order, longest waiting first within it; read ones newest first."""
    since = filters.since.isoformat() if filters.since else None
    narrowed = Narrowed(
        filters.show.value, filters.label, filters.device, filters.view, since, filters.limit, filters.offset
    )
    with opened(home) as db:
        return worklist.rows_of(db, eyes_of(user), lists.get(db, filters.worklist), narrowed)


@open_to(*EVERYBODY)
def counts(home: Path, user: User) -> dict[str, int]:
    """How many cases wait for the user, were read, and are still being analysed."""
    with opened(home) as db:
        return worklist.counts(db, eyes_of(user))


@open_to(*READING_ROOM)
def waiting_by_list(home: Path, user: User) -> dict[int, int]:
    """How many cases wait for the user on each worklist, by its number; those on which none waits are left out."""
    with opened(home) as db:
        return worklist.waiting_by_list(db, eyes_of(user))


@open_to(*READING_ROOM)
def devices(home: Path, user: User) -> list[str]:
    """The pseudonyms of the devices that images came from."""
    with opened(home) as db:
        return worklist.devices(db)


@open_to(*READING_ROOM)
def views(home: Path, user: User) -> list[str]:
    """The views that images have, by their headers."""
    with opened(home) as db:
        return worklist.views(db)


@open_to(*READING_ROOM)
def next_case(home: Path, user: User) -> str | None:
    """The image to read next: the first that waits of the first list on which one waits."""
    with opened(home) as db:
        waiting = (worklist.next_waiting(db, eyes_of(user), each, None) for each in lists.all_lists(db))
        return next(chain.from_iterable(waiting), None)


@open_to(*READING_ROOM)
def upcoming(home: Path, user: User, image: str, most: int) -> list[str]:
    """The images to read after one: those behind it on its list, and from the top of all lists once that is done."""
    with opened(home) as db:
        return behind(db, user, image, most)


@open_to(*READING_ROOM)
def readers_beside(home: Path, user: User, image: str) -> int:
    """How many others have cases open of the list on which an image is. Raises NotFound."""
    with opened(home) as db:
        return claims.readers_beside(db, images.get(db, image)["worklist"], user.id)


def behind(db: Database, user: User, image: str, most: int) -> list[str]:
    """As `upcoming`, within the caller's transaction."""
    own = lists.get(db, images.get(db, image)["worklist"])
    found = worklist.next_waiting(db, eyes_of(user), own, image, most)
    if len(found) < most:
        from_top = (worklist.next_waiting(db, eyes_of(user), each, None, most + 1) for each in lists.all_lists(db))
        found += chain.from_iterable(from_top)
    return [each for each in dict.fromkeys(found) if each != image][:most]


@open_to(*READING_ROOM)
def is_known(home: Path, user: User, image: str) -> bool:
    """Whether there is such an image."""
    with opened(home) as db:
        return images.exists(db, image)


@open_to(*READING_ROOM)
def case(home: Path, user: User, image: str) -> Case:
    """An image with the running model's opinion, or the newest one where that hasn't come. Raises NotFound."""
    with opened(home) as db:
        row, shown, stop = images.get(db, image), _shown(db, user, image), stops.current(db)
        stage = _stage(db, user, row, shown)
        if not revealing.may_see(db, user, image):
            hidden = [{**read, "agrees": None, "reason": None, "prediction": None} for read in shown]
            return Case(row, None, heatmap_scale=1.0, calibration={}, intended={}, reads=hidden, stage=stage, stop=stop)
        prediction = predictions.standing(db, image, models.running(db))
        card = models.card(db, prediction["model"])
        return Case(row, prediction, card["heatmap_scale"], card["calibration"], card["intended"], shown, stage)


@open_to(*READING_ROOM)
def priors(home: Path, user: User, image: str) -> list[Prior]:
    """Earlier X-rays of the same patient, newest first, each with the newest opinion on it. Raises NotFound.

    No opinion is told while that on the X-ray itself is hidden.
    """
    with opened(home) as db:
        found = images.earlier(db, images.get(db, image), MOST_PRIORS)
        # What was said of yesterday's X-ray all but tells what is said of today's.
        hidden = not revealing.may_see(db, user, image)
        return [Prior(row["id"], row["received_at"], None if hidden else _seen(db, user, row["id"])) for row in found]


def _seen(db: Database, user: User, image: str) -> dict[str, Any] | None:
    return predictions.standing(db, image, None) if revealing.may_see(db, user, image) else None


def _shown(db: Database, user: User, image: str) -> list[dict[str, Any]]:
    found = reads.current_of(db, image)
    return [read for read in found if user.role in OVERSIGHT or read["reader"] == user.id]


def _stage(db: Database, user: User, image: dict[str, Any], own: list[dict[str, Any]]) -> Stage:
    if user.role is not Role.RADIOLOGIST:
        return Stage.LOOK
    if any(read["final"] for read in own):
        return Stage.DONE
    if image["slots_open"] <= claims.of_others(db, image["id"], user.id):
        return Stage.TAKEN
    # While a stop stands nothing is revealed after the own opinion, so that is the final one.
    alone = image["mode"] == Mode.BLINDED or not stops.current(db)
    return Stage.FIRST if alone and not revealing.may_see(db, user, image["id"]) else Stage.OPEN


@open_to(*READING_ROOM)
def opinions(home: Path, user: User, images: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the model says of each image where that may be seen: `status`, `label`, `probability`, `reasons`."""
    with opened(home) as db:
        return predictions.answers(db, eyes_of(user), images, models.running(db))


@open_to(*READING_ROOM)
def history(home: Path, user: User, reader: int | None = None, newest: int = -1) -> list[dict[str, Any]]:
    """Reads, superseded ones included, with what may be seen of the model, newest first: all, or the `newest`.

    A reader sees their own, and of others those on cases that are read by one with the model's opinion beside it.
    """
    with opened(home) as db:
        return reads.history(db, eyes_of(user), reader, newest)


@open_to(*READING_ROOM)
def history_csv(home: Path, user: User, reader: int | None = None) -> str:
    """The whole history as CSV. Comments that a spreadsheet would run as formulas are made harmless."""
    found = history(home, user, reader)
    text = as_csv(list(found[0]) if found else ["id"], map(_cells, found))
    with opened(home) as db, transaction(db):
        audit.record(db, user.name, "export history", "", rows=len(found))
    return text


def _cells(read: dict[str, Any]) -> dict[str, Any]:
    regions = json.dumps([region.as_dict() for region in read["regions"]]) if read["regions"] else ""
    return {**read, "regions": regions}
