"""Quarantine: what is held back because text may be in the picture, and what an admin decides on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxr_core.dicom.burned_in.boxes import around, as_lists
from cxr_core.errors import BadInput, Conflict
from cxr_core.records import Lane, User
from cxr_core.store import audit, jobs, quarantine
from cxr_core.store.db import opened, transaction
from cxr_core.store.quarantine import DISCARD, TAKE, Boxes, Held
from cxr_core.work.guarding import NETWORK, NETWORK_SEEN, open_to
from cxr_core.work.incoming import passing, spool
from cxr_core.work.incoming.passing import Asked
from cxr_core.work.privacy import identity

LOOK = "look"
MOST_PLACES = 1000
"""That are blanked of one file: they are written into the audit chain."""


@dataclass(frozen=True)
class Picture:
    """What a file that is held back shows, which may say who it is of."""

    jpeg: bytes = field(repr=False)
    """Of at most 1400 pixels on the longer side."""
    rows: int
    """Of the file's own pixels, in which boxes are told."""
    columns: int


@open_to(*NETWORK_SEEN)
def held(home: Path, user: User) -> list[Held]:
    """The files that wait for a decision, oldest first."""
    with opened(home) as db:
        return quarantine.waiting(db)


@open_to(*NETWORK_SEEN)
def how_many(home: Path, user: User) -> int:
    """How many wait."""
    with opened(home) as db:
        return quarantine.how_many(db)


@open_to(*NETWORK)
def look(home: Path, user: User, number: int) -> Asked:
    """Have the picture of a file made, for the eyes of who asks; `picture` gives it.

    Raises NotFound, Conflict where somebody has decided already.
    """
    with opened(home) as db, transaction(db):
        if quarantine.get(db, number).decision is not None:
            raise Conflict(quarantine.DECIDED)
        audit.record(db, user.name, "look into quarantine", str(number))
        return passing.ask(db, jobs.Request(LOOK, Lane.READING, {"quarantine": number}, user.id or None))


@open_to(*NETWORK)
def picture(home: Path, user: User, asked: Asked) -> Picture | None:
    """The picture that was asked for, once: it is nowhere then but with who asked. None while there is none yet.

    Raises BadInput with the reason where it can't be made, NotFound where it is there no more.
    """
    with opened(home) as db, transaction(db):
        jpeg = passing.take(db, asked, identity.PICTURE)
        size = jobs.get(db, asked.job).result
    return None if jpeg is None else Picture(jpeg, size["rows"], size["columns"])


@open_to(*NETWORK)
def take(home: Path, user: User, number: int, blank: Sequence[Sequence[float]], seen: Asked | None = None) -> int:
    """Have a file taken in, blanked in the places that somebody who has `seen` it named; returns its job's number.

    Places are top, left, bottom and right in the file's pixels, cut off at the picture's edges; where there are none,
    the file is taken in as it is. Raises NotFound, Conflict where somebody has decided already, BadInput for places
    that are none, too many, or without a look at this very file.
    """
    return _decide(home, user, number, TAKE, blank=_whole(home, number, blank, seen) if blank else [])


@open_to(*NETWORK)
def discard(home: Path, user: User, number: int) -> int:
    """Have a file refused, since what identifies can't be taken out of it; one from the network is answered so.

    Returns its job's number. Raises as `take`.
    """
    return _decide(home, user, number, DISCARD, discard=True)


def _whole(home: Path, number: int, places: Sequence[Sequence[float]], seen: Asked | None) -> Boxes:
    """Places as whole pixels of the picture that was seen."""
    if len(places) > MOST_PLACES:
        raise BadInput(f"{len(places)} places are too many: at most {MOST_PLACES} are blanked")
    with opened(home) as db:
        look = jobs.get(db, seen.job) if seen else None
    if look is None or look.kind != LOOK or look.payload["quarantine"] != number or "rows" not in look.result:
        raise BadInput("look at the picture first: the places to blank are told in its pixels")
    shape = look.result["rows"], look.result["columns"]
    return as_lists([around(place, shape) for place in places])


def _decide(home: Path, user: User, number: int, decision: str, **decided: object) -> int:
    with opened(home) as db, transaction(db):
        found = quarantine.get(db, number)
        quarantine.decide(db, number, decision, user.id or None)
        audit.record(db, user.name, f"{decision} from quarantine", str(number), **decided)
        follower = spool.queue_decided(db, found.payload, **decided)
        if found.job:
            jobs.follow(db, found.job, follower)
        return follower
