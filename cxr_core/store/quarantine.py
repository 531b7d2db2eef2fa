"""Files that are held back until somebody has looked at them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import Conflict, NotFound
from cxr_core.store.db import count, insert, one, rows

TAKE, DISCARD = "take", "discard"
DECIDED = "somebody has decided on this file already"
Boxes = list[list[int]]
"""Top, left, bottom and right of each, in pixels."""


@dataclass(frozen=True)
class Held:
    """A file that is held back, or was."""

    id: int
    payload: dict[str, Any]
    """Of the intake that held it back: where it lies, who sent it, and the number of that job."""
    patient: str | None
    boxes: Boxes
    """Where there is text for sure."""
    doubts: Boxes
    """Where there may be."""
    held_at: str
    decision: str | None
    sender: str | None
    """What the one is called that it came from over the network; None where somebody of the site brought it."""

    @property
    def job(self) -> int | None:
        """The number of that intake; None of what was held back before it was noted."""
        return self.payload.get("job")


_COLUMNS = (
    "id, payload, patient, boxes, doubts, held_at, decision, "
    "(SELECT name FROM senders WHERE senders.id = quarantine.payload ->> 'sender') AS sender"
)


def add(
    db: Database, payload: dict[str, Any], whose: tuple[str | None, str | None], boxes: Boxes, doubts: Boxes
) -> int:
    """Hold a file back, within the caller's transaction; returns its number.

    `whose` is the patient's pseudonym and the keyed name of the object, where it has them.
    """
    patient, name = whose
    return insert(db, "quarantine", {
        "payload": json.dumps(payload), "patient": patient, "object": name, "boxes": json.dumps(boxes),
        "doubts": json.dumps(doubts), "held_at": clock.stamp(),
    })  # fmt: skip


def get(db: Database, number: int) -> Held:
    """The file with this number. Raises NotFound."""
    row = one(db, f"SELECT {_COLUMNS} FROM quarantine WHERE id = ?", (number,))
    if row is None:
        raise NotFound(f"there is no file {number} in quarantine")
    return _held(row)


def waiting(db: Database) -> list[Held]:
    """Those that nobody has decided on, oldest first."""
    return list(map(_held, rows(db, f"SELECT {_COLUMNS} FROM quarantine WHERE decided_at IS NULL ORDER BY id")))


def known(db: Database, objects: Iterable[str], undecided: bool = False) -> set[str]:
    """Those of these keyed names whose objects are or were held back, or, of these, those that still are."""
    found = rows(
        db,
        "SELECT object FROM quarantine WHERE object IN (SELECT value FROM json_each(?)) "
        "AND (NOT ? OR decided_at IS NULL)",
        (json.dumps(list(objects)), undecided),
    )
    return {row["object"] for row in found}


def how_many(db: Database) -> int:
    """How many wait."""
    return count(db, "SELECT count(*) FROM quarantine WHERE decided_at IS NULL")


def decide(db: Database, number: int, decision: str, by: int | None) -> None:
    """Note what becomes of a file. Raises Conflict where somebody has decided already."""
    done = db.execute(
        "UPDATE quarantine SET decision = ?, decided_at = ?, decided_by = ? WHERE id = ? AND decided_at IS NULL",
        (decision, clock.stamp(), by, number),
    )
    if not done.rowcount:
        raise Conflict(DECIDED)


def of_patient(db: Database, patient: str) -> int:
    """How many files of a patient are here, decided on or not."""
    return count(db, "SELECT count(*) FROM quarantine WHERE patient = ?", (patient,))


def never_taken(db: Database, patient: str) -> list[str]:
    """The keyed names of a patient's objects of which no image was made; its number here for one that has none."""
    found = rows(
        db,
        "SELECT DISTINCT coalesce(object, 'quarantine-' || id) AS name FROM quarantine WHERE patient = ? "
        "AND decision IS NOT 'take'",
        (patient,),
    )
    return [row["name"] for row in found]


def erase(db: Database, patient: str) -> list[Held]:
    """Forget a patient's files, within the caller's transaction; returns those that wait."""
    theirs = rows(db, f"SELECT {_COLUMNS} FROM quarantine WHERE patient = ?", (patient,))
    db.execute("DELETE FROM quarantine WHERE patient = ?", (patient,))
    return [held for held in map(_held, theirs) if held.decision is None]


def _held(row: dict[str, Any]) -> Held:
    return Held(**{**row, **{name: json.loads(row[name]) for name in ("payload", "boxes", "doubts")}})
