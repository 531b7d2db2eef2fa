"""Reads: recorded once, by as many readers as a case wants; revised and taken back, but never lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotAllowed
from cxr_core.records import CLASSES, Label, Mode, Reason, Region, Role, Seen, User
from cxr_core.store import audit, claims, deliveries, images, models, predictions, reads, stops
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift import judging
from cxr_core.work.guarding import open_to
from cxr_core.work.hospital import answering
from cxr_core.work.models import stopping
from cxr_core.work.reading_room import revealing, reviewing, undoing, viewing

LONGEST_COMMENT = 2000
MOST_REGIONS = 20
DECIDED = ("label", "reason", "comment", "regions")
"""What a reader decides on: a revision that changes none of it is none."""


@dataclass(frozen=True)
class ReadForm:
    """A reader's opinion, as the review page sends it."""

    image: str
    prediction: int | None
    """The prediction that was on the screen; None where none may be shown yet."""
    label: Label
    """Normal or Pneumonia."""
    reason: Reason | None = None
    """Why the reader disagrees; needed where they do, having seen the model's opinion."""
    comment: str = ""
    regions: tuple[Region, ...] = ()
    """What the reader marked as wrong or missed."""
    seconds: float = 0.0
    """From opening the case to recording the read; a claim knows better how many of them the reader was at it."""


@dataclass(frozen=True)
class Recorded:
    """A read that stands."""

    read: int
    image: str
    label: Label
    patient: str


@open_to(Role.RADIOLOGIST)
def claim(home: Path, user: User, image: str, leaving: Sequence[str] = ()) -> bool:
    """Have a case for a while, if it wants another reader whom it hasn't got; renews a claim. Raises NotFound.

    The cases `leaving`, which the reader had open before, are left to others. That the case is on the reader's screen
    is put on record, wanted or not.
    """
    with opened(home) as db, transaction(db):
        for left in leaving:
            claims.give_up(db, left, user.id)
        row, own = images.get(db, image), _own(db, user, image)
        wanted = not (own and own["final"]) and _is_wanted(db, user, row)
        if wanted:
            claims.renew(db, image, user.id)
        viewing.shown(db, user, image)
    return wanted


@open_to(Role.RADIOLOGIST)
def take_next(home: Path, user: User, image: str) -> str | None:
    """Have the case that comes after `image`, or None where none waits: chosen and claimed at once.

    Of many who go on at the same moment no two get the same one. Raises NotFound.
    """
    with opened(home) as db, transaction(db):
        following = next(iter(reviewing.behind(db, user, image, 1)), None)
        if following:
            claims.renew(db, following, user.id)
    return following


@open_to(Role.RADIOLOGIST)
def beat(home: Path, user: User, image: str) -> None:
    """Say that the reader is at the case that they have open."""
    with opened(home) as db, transaction(db):
        claims.beat(db, image, user.id)


@open_to(Role.RADIOLOGIST)
def submit(home: Path, user: User, form: ReadForm) -> int:
    """Record a read and return its number: the own opinion, and where that came first, the final one behind it.

    While a stop stands the own opinion is the final one. Raises BadInput for a disagreement without a reason, NotFound
    for no such image, Conflict if this reader has read the image already or it has all the readers that it wants.
    """
    with opened(home) as db, transaction(db):
        image, own = images.get(db, form.image), _own(db, user, form.image)
        if own and own["final"]:
            raise Conflict("you have read this image already: revise your read on the history page")
        if not _is_wanted(db, user, image):
            raise Conflict("this case wants no more readers: others read it, or have by now; go on to the next")
        final = image["mode"] != Mode.SECOND_READER or revealing.may_see(db, user, form.image) or _is_stopped(db)
        spent = claims.seconds(db, form.image, user.id)
        timed = form if spent is None else replace(form, seconds=spent)
        read = _record(db, user, timed, {"final": int(final)}, own)
        claims.give_up(db, form.image, user.id)
        if not final:
            claims.renew(db, form.image, user.id)
            _reveal(db, user, form.image)
        _audit_model(db, home, image)
        answering.answer_image(db, form.image)
        return read


@open_to(Role.RADIOLOGIST)
def revise(home: Path, user: User, read: int, form: ReadForm) -> int:
    """Record a change of mind: a new row that supersedes the old one. Only its own reader may.

    Raises NotAllowed for somebody else's read, Conflict if it was superseded meanwhile, BadInput if nothing differs.
    """
    with opened(home) as db, transaction(db):
        old = _current(db, user, read)
        if old["image"] != form.image:
            raise BadInput("a revision is of the same image")
        if not old["final"]:
            raise Conflict("a first opinion stays as it is: give your final one on the review page")
        newer = _record(db, user, form, {"final": 1}, old)
        deliveries.call_back(db, read)
        _audit_model(db, home, images.get(db, form.image))
        answering.answer_image(db, form.image)
        return newer


@open_to(Role.RADIOLOGIST)
def undo(home: Path, user: User, read: int) -> int:
    """Take a read back, until its reader signs out: a new row that supersedes it, and the case is the reader's again.

    Raises NotAllowed for somebody else's read or after signing out, Conflict if it was superseded meanwhile, is a
    revision (that is revised again), a first opinion (the model's has been seen since), or others have read the case
    since (they may have decided between two).
    """
    with opened(home) as db, transaction(db):
        old = _current(db, user, read)
        if why := undoing.objection(db, old):
            raise Conflict(why)
        if old["made_at"] < undoing.signed_in(db, user.id):
            raise NotAllowed("a read can be taken back until you sign out; revise it instead")
        taken = {name: value for name, value in old.items() if name != "id"}
        taken |= {"supersedes": read, "withdrawn": 1, "seconds": 0.0, "made_at": clock.stamp()}
        with judging.recounted(db, old["image"]):
            number = reads.add(db, taken)
        deliveries.call_back(db, read)
        audit.record(db, user.name, "undo read", old["image"], read=number, supersedes=read)
        claims.renew(db, old["image"], user.id)
        return number


@open_to(Role.RADIOLOGIST)
def undoable(home: Path, user: User) -> Recorded | None:
    """The read that the user recorded last since they signed in, if they may take it back."""
    with opened(home) as db:
        found = reads.newest_of(db, user.id, undoing.signed_in(db, user.id))
        if found is None or undoing.objection(db, found):
            return None
    return Recorded(found["id"], found["image"], Label(found["label"]), found["patient"])


def _reveal(db: Database, user: User, image: str) -> None:
    """Put on record that from now on the reader sees what the model says, and what that is."""
    said = predictions.standing(db, image, models.running(db))
    audit.record(db, user.name, "reveal", image, model=said["model"], prediction=said["id"])


def _audit_model(db: Database, home: Path, image: dict[str, Any]) -> None:
    """Ask the plan's rule once two have read an image without the model: what they say judges it."""
    if image["mode"] == Mode.BLINDED and image["readers"] == 2:
        stopping.rule(db, home)


def _own(db: Database, user: User, image: str) -> dict[str, Any] | None:
    return next((read for read in reads.current_of(db, image) if read["reader"] == user.id), None)


def _is_wanted(db: Database, user: User, image: dict[str, Any]) -> bool:
    return bool(image["slots_open"] > claims.of_others(db, image["id"], user.id))


def _current(db: Database, user: User, read: int) -> dict[str, Any]:
    """A read that the user may change."""
    old = reads.get(db, read)
    if old["reader"] != user.id:
        raise NotAllowed("only its reader may revise a read")
    if not reads.is_current(db, read):
        raise Conflict("this read was revised meanwhile: reload the page")
    return old


def _record(db: Database, user: User, form: ReadForm, stage: dict[str, int], old: dict[str, Any] | None) -> int:
    answer = {**_answer(db, user, form, old), **stage}
    if old and all(old[name] == answer[name] for name in (*DECIDED, *stage)):
        raise BadInput("this changes nothing in your read: choose another answer or reason, or change the comment")
    supersedes = old["id"] if old else None
    slot = old["slot"] if old else reads.next_slot(db, form.image)
    row = {
        **answer, "reader": user.id, "supersedes": supersedes, "slot": slot, "seconds": form.seconds,
        "made_at": clock.stamp(),
    }  # fmt: skip
    with judging.recounted(db, form.image):
        read = reads.add(db, row)
    action = "revise read" if old else "read"
    audit.record(db, user.name, action, form.image, read=read, label=form.label.value, supersedes=supersedes)
    return read


def _answer(db: Database, user: User, form: ReadForm, old: dict[str, Any] | None) -> dict[str, Any]:
    """The columns of a read that its reader decides on, checked, with what they had seen of the model."""
    image, is_shown = images.get(db, form.image), revealing.may_see(db, user, form.image)
    seen = Seen.DIRECTLY if is_shown else _seen_before(db, user, form, old)
    prediction = _prediction(db, form, seen, old)
    # Nobody disagrees with what is switched off.
    agrees = None if seen is Seen.NOTHING and _is_stopped(db) else _agrees(form, prediction)
    _check(form, agrees if is_shown else None, image)
    # A page without the opinion asks for no reason: the one that was given stands as long as they disagree.
    reason = form.reason or (None if is_shown or not old else old["reason"])
    return {
        "image": form.image, "prediction": prediction["id"], "agrees": agrees, "label": form.label.value,
        # A reason is why a reader disagrees: kept where they didn't see with what, it would tell them.
        "reason": str(reason) if reason and agrees == 0 and seen is Seen.DIRECTLY else None,
        "comment": form.comment.strip(), "regions": form.regions, "seen": seen.value,
    }  # fmt: skip


def _is_stopped(db: Database) -> bool:
    return stops.current(db) is not None


def _seen_before(db: Database, user: User, form: ReadForm, old: dict[str, Any] | None) -> Seen:
    """What a reader had seen who sees nothing now: a stop takes back nothing that was on their screen before it."""
    if old and old["final"]:
        return Seen(old["seen"])
    was_shown = form.prediction is not None or old is not None
    return Seen.DIRECTLY if was_shown and revealing.may_by_mode(db, user, form.image) else Seen.NOTHING


def _prediction(db: Database, form: ReadForm, seen: Seen, old: dict[str, Any] | None) -> dict[str, Any]:
    """The prediction that was on the screen, or the one that stood unseen."""
    if seen is Seen.NOTHING:
        return predictions.standing(db, form.image, models.running(db))
    shown = old["prediction"] if old and form.prediction is None else form.prediction
    prediction = predictions.get(db, shown) if shown is not None else None
    if prediction is None or prediction["image"] != form.image:
        raise BadInput("the prediction belongs to another image: reload the page")
    return prediction


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
