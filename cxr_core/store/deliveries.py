"""The ledger: what became of each answer at each destination. Each is there once, whoever asks again.

Who claims a delivery holds it until a moment. What becomes of it is written down only while it stands as it was read,
or claimed: whoever was too slow, so that it was given to another, changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Answer, DeliveryState
from cxr_core.store import audit
from cxr_core.store.db import one, rows, within


@dataclass(frozen=True)
class Delivery:
    """An answer on its way to a destination."""

    arrival: int
    destination: int
    answer: Answer
    model: str | None = None
    """Whose opinion it tells; None of an object that could not be taken in."""
    read: int | None = None
    """Which an assessment tells."""
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    next_at: str = ""
    """When something is to be done with it."""
    said: str | None = None
    """What came of the last attempt."""
    forgotten: int = 0
    """How often it was accepted, or was on its way as its worker ended, and was not there then."""
    commitment: str | None = None
    """The storage commitment that was asked for, by a keyed name of the transaction and the instance."""
    queued_at: str = ""
    accepted_at: str | None = None
    verified_at: str | None = None
    dead_at: str | None = None
    holder: str | None = None
    """The worker that has it, until `next_at`."""
    id: int = 0


@dataclass(frozen=True)
class Settled:
    """What an answer is made with, whenever it is made."""

    program: str
    """The version of the program."""
    before: Delivery | None
    """The delivery whose answer it takes the place of."""
    head: str | None = None
    """Where the audit chain ended then: number and hash; None of what was made before reports told it."""


ACCEPTED, VERIFIED, DEAD = "answer accepted", "answer verified", "answer given up"
"""What the audit chain calls what became of an answer."""
_COLUMNS = (
    "arrival, destination, answer, model, read, state, attempts, next_at, said, forgotten, commitment, queued_at, "
    "accepted_at, verified_at, dead_at, holder, id"
)
_OPEN = "state IN ('queued', 'sending', 'accepted')"


def queue(db: Database, delivery: Delivery) -> bool:
    """Have an answer delivered; False where it is in the ledger already."""
    now = clock.stamp()
    done = db.execute(
        "INSERT INTO deliveries (arrival, destination, answer, model, read, state, next_at, queued_at) "
        "VALUES (?, ?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT DO NOTHING",
        (delivery.arrival, delivery.destination, delivery.answer, delivery.model, delivery.read, now, now),
    )
    return bool(done.rowcount)


def due(db: Database) -> list[int]:
    """The destinations, in use, not held and not resting, where something is to be done now."""
    found = rows(
        db,
        f"SELECT id FROM destinations t WHERE held_at IS NULL AND removed_at IS NULL AND "
        f"coalesce(rests_until, '') <= :now AND EXISTS (SELECT 1 FROM deliveries d WHERE d.destination = t.id "
        f"AND d.{_OPEN} AND d.next_at <= :now)",
        {"now": clock.stamp()},
    )
    return [row["id"] for row in found]


def claim(db: Database, destination: int, holder: str, until: str, most: int) -> list[Delivery]:
    """Take up to `most` deliveries that are due, oldest first, in the state they had; nobody else gets them before
    `until`.

    What was queued is being sent from now on, and that attempt counts.
    """
    found = rows(
        db,
        f"SELECT {_COLUMNS} FROM deliveries WHERE destination = ? AND {_OPEN} AND next_at <= ? ORDER BY next_at, id "
        "LIMIT ?",
        (destination, clock.stamp(), most),
    )
    for row in found:
        db.execute(
            "UPDATE deliveries SET next_at = ?, holder = ?, attempts = attempts + (state = 'queued'), "
            "state = iif(state = 'queued', 'sending', state) WHERE id = ?",
            (until, holder, row["id"]),
        )
    return [
        replace(each, next_at=until, holder=holder, attempts=each.attempts + (each.state is DeliveryState.QUEUED))
        for each in map(_delivery, found)
    ]


def is_held(db: Database, delivery: Delivery) -> bool:
    """Whether it is still the claimer's, as it was claimed or read."""
    return one(db, f"SELECT 1 FROM deliveries WHERE {_AS_IT_WAS}", _as_it_was(delivery)) is not None


def accepted(db: Database, delivery: Delivery, said: str, next_at: str) -> bool:
    """The destination has taken it; at `next_at` it is asked whether it kept it. False, as below, for one too slow."""
    change = (
        "state = 'accepted', said = :said, next_at = :then, holder = NULL, accepted_at = coalesce(accepted_at, :now)"
    )
    return _noted(db, delivery, ACCEPTED, change, said=said, then=next_at)


def verified(db: Database, delivery: Delivery, said: str) -> bool:
    """The destination keeps it, for all that can be known: this is the end."""
    change = (
        "state = 'verified', said = :said, holder = NULL, accepted_at = coalesce(accepted_at, :now), verified_at = :now"
    )
    return _noted(db, delivery, VERIFIED, change, said=said)


def not_yet(db: Database, delivery: Delivery, why: str, next_at: str) -> bool:
    """What was claimed may not leave yet: that was no attempt, and the days in which it is tried begin anew."""
    change = "state = 'queued', attempts = attempts - 1, said = :said, next_at = :then, queued_at = :now, holder = NULL"
    return _change(db, delivery, change, said=why, then=next_at)


def call_back(db: Database, read: int) -> None:
    """What tells of a read that no longer stands, and never went out, is in the ledger no more."""
    db.execute("DELETE FROM deliveries WHERE read = ? AND state = 'queued' AND accepted_at IS NULL", (read,))


def wait(db: Database, delivery: Delivery, said: str, next_at: str) -> bool:
    """It stays in its state, and is dealt with again at `next_at`: what was accepted can't be confirmed yet."""
    return _change(db, delivery, "said = :said, next_at = :then, holder = NULL", said=said, then=next_at)


def again(db: Database, delivery: Delivery, said: str, next_at: str, forgotten: bool = False) -> bool:
    """It goes out again at `next_at`: it could not be sent, or the destination took it and hasn't got it."""
    change = (
        "state = 'queued', said = :said, next_at = :then, holder = NULL, commitment = NULL, "
        "forgotten = forgotten + :forgotten"
    )
    return _change(db, delivery, change, said=said, then=next_at, forgotten=int(forgotten))


def dead(db: Database, delivery: Delivery, why: str) -> bool:
    """It isn't sent any more, for the reason given, until somebody asks for it again."""
    return _noted(db, delivery, DEAD, "state = 'dead', said = :why, holder = NULL, dead_at = :now", why=why)


_AS_IT_WAS = f"id = :id AND holder IS :holder AND next_at = :next_at AND {_OPEN}"
"""No two claims of a delivery end at the same moment: who has it, and until when, says which claim it was."""


def _as_it_was(delivery: Delivery) -> dict[str, str | int | None]:
    return {"id": delivery.id, "holder": delivery.holder, "next_at": delivery.next_at}


def _change(db: Database, delivery: Delivery, change: str, **values: str | int) -> bool:
    """Whether the row was still as it was, and is changed."""
    done = db.execute(
        f"UPDATE deliveries SET {change} WHERE {_AS_IT_WAS}", {"now": clock.stamp(), **_as_it_was(delivery), **values}
    )
    return done.rowcount == 1


def _noted(db: Database, delivery: Delivery, action: str, change: str, **values: str | int) -> bool:
    """The same, with a row of the audit chain about the answer's image (none of what wasn't taken in)."""
    with within(db):
        done = _change(db, delivery, change, **values)
        if done:
            about = one(db, _ABOUT, (delivery.arrival, delivery.destination)) or {}
            audit.record(
                db, "program", action, about.get("image") or "", destination=about.get("name"),
                answer=delivery.answer.value, delivery=delivery.id,
            )  # fmt: skip
    return done


_ABOUT = "SELECT a.image, d.name FROM arrivals a, destinations d WHERE a.id = ? AND d.id = ?"


def revive(db: Database, numbers: Iterable[int]) -> int:
    """Queue dead deliveries anew, as if they had never been tried; returns how many were dead."""
    now = clock.stamp()
    return sum(
        db.execute(
            "UPDATE deliveries SET state = 'queued', attempts = 0, forgotten = 0, next_at = ?, queued_at = ?, "
            "dead_at = NULL, commitment = NULL WHERE id = ? AND state = 'dead'",
            (now, now, number),
        ).rowcount
        for number in numbers
    )


def hand_back(db: Database, holder: str) -> None:
    """What a worker held is due at once: whether it went out, the next one asks the destination."""
    db.execute("UPDATE deliveries SET next_at = ?, holder = NULL WHERE holder = ?", (clock.stamp(), holder))


def take_over(db: Database, living: Iterable[str]) -> None:
    """What dead workers held is due at once, as `hand_back`."""
    db.execute(
        "UPDATE deliveries SET next_at = ?, holder = NULL WHERE holder NOT IN (SELECT value FROM json_each(?))",
        (clock.stamp(), json.dumps(list(living))),
    )


def committing(db: Database, delivery: Delivery, question: str, until: str) -> Delivery | None:
    """Storage commitment was asked for, by a name that no other question has; the answer is awaited until then.

    Nobody holds it meanwhile. The delivery as it stands now; None where it is another's.
    """
    change = "commitment = :question, next_at = :until, holder = NULL"
    if not _change(db, delivery, change, question=question, until=until):
        return None
    return replace(delivery, commitment=question, next_at=until, holder=None)


def of_commitment(db: Database, question: str) -> Delivery | None:
    """The delivery that waits for the answer to this question, or None."""
    row = one(db, f"SELECT {_COLUMNS} FROM deliveries WHERE commitment = ? AND state = 'accepted'", (question,))
    return _delivery(row) if row else None


def settled(db: Database, delivery: Delivery, program: str) -> Settled:
    """What an answer is made with, from the first time on and to whatever destination: its UID names one object."""
    named = {"id": delivery.id, "arrival": delivery.arrival, "answer": delivery.answer, "model": delivery.model,
             "read": delivery.read, "program": program}  # fmt: skip
    db.execute(
        f"UPDATE deliveries SET program = :program, audit_head = :head, supersedes = ({_BEFORE}) "
        f"WHERE id = :id AND NOT EXISTS ({_MADE})",
        {**named, "head": str(audit.head(db))},
    )
    (found,) = rows(db, f"{_MADE} LIMIT 1", named)
    before = rows(db, f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", (found["supersedes"],))
    return Settled(found["program"], _delivery(before[0]) if before else None, found["audit_head"])


def heads(db: Database) -> list[str]:
    """Where the audit chain ended whenever an answer was made."""
    found = rows(db, "SELECT DISTINCT audit_head FROM deliveries WHERE audit_head IS NOT NULL")
    return [row["audit_head"] for row in found]


_MADE = """
SELECT program, supersedes, audit_head FROM deliveries WHERE arrival = :arrival AND answer = :answer AND model IS :model
AND read IS :read AND program IS NOT NULL"""
_BEFORE = """
SELECT d.id FROM deliveries d WHERE d.arrival = :arrival AND d.answer = :answer AND d.id < :id
AND d.accepted_at IS NOT NULL AND (d.model IS NOT :model OR d.read IS NOT :read)
AND (:read IS NULL OR d.read IN (SELECT id FROM reads WHERE reader = (SELECT reader FROM reads WHERE id = :read)))
ORDER BY d.id DESC LIMIT 1"""
"""The last answer of the same kind that an archive took: of another model version, or the same reader's word before."""


def standing(db: Database) -> list[dict[str, Any]]:
    """How many deliveries stand in each `state` at each `destination`."""
    return rows(db, "SELECT destination, state, count(*) AS n FROM deliveries GROUP BY destination, state")


def newest(
    db: Database, limit: int, state: DeliveryState | None = None, destination: int | None = None
) -> list[Delivery]:
    """The last deliveries, newest first; those in a state or to a destination, where one is named."""
    found = rows(
        db,
        f"SELECT {_COLUMNS} FROM deliveries WHERE (:state IS NULL OR state = :state) "
        "AND (:destination IS NULL OR destination = :destination) ORDER BY id DESC LIMIT :limit",
        {"state": state, "destination": destination, "limit": limit},
    )
    return list(map(_delivery, found))


def dead_by_reason(db: Database) -> list[dict[str, Any]]:
    """The `destination` and the reason (`said`) of dead deliveries, how `many`, and `last` when; most first."""
    return rows(
        db,
        "SELECT destination, said, count(*) AS many, max(dead_at) AS last FROM deliveries WHERE state = 'dead' "
        "GROUP BY destination, said ORDER BY many DESC, last DESC",
    )


def dead_of(db: Database, destination: int, said: str) -> list[int]:
    """The numbers of a destination's deliveries that are dead for this reason."""
    found = rows(
        db, "SELECT id FROM deliveries WHERE state = 'dead' AND destination = ? AND said = ?", (destination, said)
    )
    return [row["id"] for row in found]


def accepted_by_hour(db: Database, since: str) -> dict[str, int]:
    """How many deliveries were accepted since a stamp, by hour in UTC: `2026-03-01T12`."""
    found = rows(
        db,
        "SELECT substr(accepted_at, 1, 13) AS hour, count(*) AS n FROM deliveries WHERE accepted_at >= ? GROUP BY 1",
        (since,),
    )
    return {row["hour"]: row["n"] for row in found}


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(**{**row, "answer": Answer(row["answer"]), "state": DeliveryState(row["state"])})
