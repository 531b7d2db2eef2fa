"""Reading: the worklist, a case with its opinion, and reads that are recorded and revised but never lost."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.records import CLASSES, Label, Reason, Region, Role, User
from cxr_core.store import audit, images, models, predictions, reads, worklist
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import EVERYBODY, open_to

LONGEST_COMMENT = 2000
MOST_REGIONS = 20


class Show(StrEnum):
    """Which cases a worklist shows."""

    WAITING = "waiting"
    READ = "read"
    ALL = "all"


@dataclass(frozen=True)
class Filters:
    """What a worklist is narrowed to; None means anything."""

    show: Show = Show.WAITING
    label: str | None = None
    """What the model says: Normal, Pneumonia, Uncertain, or `not analysed`."""
    device: str | None = None
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True)
class Case:
    """An image with the opinion on it and its current reads."""

    image: dict[str, Any]
    prediction: dict[str, Any]
    """`status`, `probability`, `label`, `model`, `heatmap` (7 x 7), `reasons`: no image is stored without one."""
    heatmap_scale: float
    """Top of the colour scale, from the model's card."""
    calibration: dict[str, Any]
    """Threshold and uncertain band, from the model's card."""
    reads: list[dict[str, Any]]


@dataclass(frozen=True)
class ReadForm:
    """A reader's opinion, as the review page sends it."""

    image: str
    prediction: int
    """The prediction that was on the screen."""
    label: Label
    """Normal or Pneumonia."""
    reason: Reason | None = None
    """Why the reader disagrees; needed where they do."""
    comment: str = ""
    regions: tuple[Region, ...] = ()
    """What the reader marked as wrong or missed."""
    seconds: float = 0.0
    """From opening the case to recording the read."""


@open_to(*EVERYBODY)
def waiting_list(home: Path, user: User, filters: Filters) -> list[dict[str, Any]]:
    """The worklist: cases in the order in which they came, longest waiting first; read ones newest first."""
    with opened(home) as db:
        return worklist.rows_of(db, filters.show.value, filters.label, filters.device, (filters.limit, filters.offset))


@open_to(*EVERYBODY)
def counts(home: Path, user: User) -> dict[str, int]:
    """How many cases wait, were read, and are still being analysed."""
    with opened(home) as db:
        return worklist.counts(db)


@open_to(*EVERYBODY)
def devices(home: Path, user: User) -> list[str]:
    """The pseudonyms of the devices that images came from."""
    with opened(home) as db:
        return worklist.devices(db)


@open_to(*EVERYBODY)
def next_case(home: Path, user: User, after: str | None = None) -> str | None:
    """The image to read next: the one that has waited longest, or the one behind `after` in that order."""
    with opened(home) as db:
        return worklist.next_waiting(db, after)


@open_to(*EVERYBODY)
def is_known(home: Path, user: User, image: str) -> bool:
    """Whether there is such an image."""
    with opened(home) as db:
        return images.exists(db, image)


@open_to(*EVERYBODY)
def case(home: Path, user: User, image: str) -> Case:
    """An image with the running model's opinion, or the newest one where that hasn't come. Raises NotFound."""
    with opened(home) as db:
        row = images.get(db, image)
        prediction = predictions.standing(db, image, models.running(db))
        card = models.card(db, prediction["model"])
        return Case(row, prediction, card["heatmap_scale"], card["calibration"], reads.current_of(db, image))


@open_to(*EVERYBODY)
def opinions(home: Path, user: User, images: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the model says of each of these images, by image: `status`, `label`, `probability`."""
    with opened(home) as db:
        return predictions.answers(db, images, models.running(db))


@open_to(Role.RADIOLOGIST)
def submit(home: Path, user: User, form: ReadForm) -> int:
    """Record a read and return its number.

    Raises BadInput for a disagreement without a reason, NotFound for no such image, Conflict if this reader has
    read the image already.
    """
    with opened(home) as db, transaction(db):
        if any(read["reader"] == user.id for read in reads.current_of(db, form.image)):
            raise Conflict("you have read this image already: revise your read on the history page")
        return _record(db, user, form)


@open_to(Role.RADIOLOGIST)
def revise(home: Path, user: User, read: int, form: ReadForm) -> int:
    """Record a change of mind: a new row that supersedes the old one. Only its own reader may.

    Raises NotAllowed for somebody else's read, Conflict if it was superseded meanwhile, BadInput if nothing differs.
    """
    with opened(home) as db, transaction(db):
        old = reads.get(db, read)
        if old["reader"] != user.id:
            raise NotAllowed("only its reader may revise a read")
        if not reads.is_current(db, read):
            raise Conflict("this read was revised meanwhile: reload the page")
        if old["image"] != form.image:
            raise BadInput("a revision is of the same image")
        return _record(db, user, form, old)


@open_to(*EVERYBODY)
def history(home: Path, user: User, reader: int | None = None, newest: int = -1) -> list[dict[str, Any]]:
    """Reads, superseded ones included, with what their readers saw of the model, newest first: all, or the `newest`."""
    with opened(home) as db:
        return reads.history(db, reader, newest)


@open_to(*EVERYBODY)
def history_csv(home: Path, user: User, reader: int | None = None) -> str:
    """The whole history as CSV. Comments that a spreadsheet would run as formulas are made harmless."""
    found = history(home, user, reader)
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(found[0]) if found else ["id"], lineterminator="\r\n")
    table.writeheader()
    table.writerows(_cells(row) for row in found)
    with opened(home) as db, transaction(db):
        audit.record(db, user.name, "export history", "", rows=len(found))
    return text.getvalue()


def _record(db: Database, user: User, form: ReadForm, old: dict[str, Any] | None = None) -> int:
    answer = _answer(db, form)
    if old and all(old[name] == value for name, value in answer.items()):
        raise BadInput("this changes nothing in your read: choose another answer or reason, or change the comment")
    supersedes = old["id"] if old else None
    read = reads.add(db, {
        **answer, "reader": user.id, "supersedes": supersedes, "seconds": form.seconds, "made_at": clock.stamp(),
    })  # fmt: skip
    action = "revise read" if old else "read"
    audit.record(db, user.name, action, form.image, read=read, label=form.label.value, supersedes=supersedes)
    return read


def _answer(db: Database, form: ReadForm) -> dict[str, Any]:
    """The columns of a read that its reader decides on, checked."""
    image = images.get(db, form.image)
    prediction = predictions.get(db, form.prediction)
    if prediction is None or prediction["image"] != form.image:
        raise BadInput("the prediction belongs to another image: reload the page")
    agrees = _agrees(form, prediction)
    _check(form, agrees, image)
    return {
        "image": form.image, "prediction": form.prediction, "agrees": agrees, "label": form.label.value,
        "reason": form.reason.value if form.reason and agrees == 0 else None,  # a reason is why a reader disagrees
        "comment": form.comment.strip(), "regions": form.regions,
    }  # fmt: skip


def _agrees(form: ReadForm, prediction: dict[str, Any]) -> int | None:
    """1 or 0 where the model said Normal or Pneumonia; else there is nothing to agree with."""
    return int(prediction["label"] == form.label) if prediction["label"] in CLASSES else None


def _check(form: ReadForm, agrees: int | None, image: dict[str, Any]) -> None:
    if form.label is Label.UNCERTAIN:
        raise BadInput("a reader says Normal or Pneumonia")
    if agrees == 0 and form.reason is None:
        raise BadInput("say why you disagree: choose a reason")
    if len(form.comment) > LONGEST_COMMENT:
        raise BadInput(f"a comment has at most {LONGEST_COMMENT} characters")
    if len(form.regions) > MOST_REGIONS:
        raise BadInput(f"at most {MOST_REGIONS} regions can be marked")
    if not all(_lies_within(region, image) for region in form.regions):
        raise BadInput("a marked region lies outside the image: remove it and draw it again")


def _lies_within(region: Region, image: dict[str, Any]) -> bool:
    """To a hundredth of a pixel, to which regions are drawn."""
    right, lower = region.x + region.width, region.y + region.height
    sized = region.width > 0 and region.height > 0 and region.x >= 0 and region.y >= 0
    return sized and right <= image["pixel_columns"] + 0.01 and lower <= image["pixel_rows"] + 0.01


def _cells(read: dict[str, Any]) -> dict[str, Any]:
    regions = json.dumps([region.as_dict() for region in read["regions"]]) if read["regions"] else ""
    return {name: _harmless(value) for name, value in {**read, "regions": regions}.items()}


def _harmless(value: Any) -> Any:
    """A leading =, +, - or @ makes spreadsheets run a cell (OWASP, CSV injection); a quote stops that."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
