"""Where answers go, and the rules by which they do. What is removed keeps its row: deliveries name it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import Conflict, NotFound
from cxr_core.records import Answer, Label, Proof, Release
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Destination:
    """An archive that answers are sent to."""

    id: int
    name: str
    kind: str
    """`dicom` or `stow`."""
    address: dict[str, Any]
    """`host`, `port`, `called` and `tls` of the one; `url`, and files with what signs in there, of the other."""
    proof: Proof
    held_at: str | None
    """Nothing is sent there since."""
    held_because: str | None
    let_go_at: str | None
    """When somebody last let it go on."""

    def __str__(self) -> str:
        """What messages call it: name and address."""
        where = self.address.get("url") or "{called}@{host}:{port}".format(**self.address)
        return f"{self.name} ({where})"


@dataclass(frozen=True)
class Rule:
    """Which answers go to a destination; what is None here holds for whichever."""

    destination: int
    answers: tuple[Answer, ...]
    release: Release = Release.AS_READ
    sender: int | None = None
    modality: str | None = None
    device: str | None = None
    label: Label | None = None
    hours: tuple[int, int] | None = None
    """From the one to before the other, in the machine's time; over midnight where the first is later."""
    id: int = 0


def add(db: Database, name: str, kind: str, address: dict[str, Any], proof: Proof) -> int:
    """Add a destination and return its number. Raises Conflict where the name is taken."""
    if one(db, "SELECT 1 FROM destinations WHERE name = ? COLLATE NOCASE AND removed_at IS NULL", (name,)):
        raise Conflict(f"there is a destination called {name} already: take another name, or remove that one first")
    return insert(db, "destinations", {
        "name": name, "kind": kind, "address": json.dumps(address), "proof": proof.value, "created_at": clock.stamp(),
    })  # fmt: skip


def named(db: Database, name: str) -> Destination:
    """The destination with this name. Raises NotFound."""
    row = one(db, "SELECT * FROM destinations WHERE name = ? COLLATE NOCASE AND removed_at IS NULL", (name,))
    if row is None:
        raise NotFound(f"there is no destination called {name}")
    return _destination(row)


def get(db: Database, number: int) -> Destination:
    """The destination with this number. Raises NotFound."""
    row = one(db, "SELECT * FROM destinations WHERE id = ?", (number,))
    if row is None:
        raise NotFound(f"there is no destination {number}")
    return _destination(row)


def in_use(db: Database) -> list[Destination]:
    """Every destination that wasn't removed, by name."""
    return list(map(_destination, rows(db, "SELECT * FROM destinations WHERE removed_at IS NULL ORDER BY name")))


def names(db: Database) -> dict[int, str]:
    """What each destination that there ever was is called, by its number."""
    return {row["id"]: row["name"] for row in rows(db, "SELECT id, name FROM destinations")}


def change(db: Database, destination: int, kind: str, address: dict[str, Any], proof: Proof) -> None:
    """It is somewhere else, or spoken to otherwise, from now on: what waits for it goes there, and at once."""
    db.execute(
        "UPDATE destinations SET kind = ?, address = ?, proof = ?, rests_until = NULL WHERE id = ?",
        (kind, json.dumps(address), proof.value, destination),
    )


def remove(db: Database, destination: Destination) -> None:
    """Send nothing there any more; its rules go with it."""
    now = clock.stamp()
    db.execute("UPDATE destinations SET removed_at = ? WHERE id = ?", (now, destination.id))
    db.execute("UPDATE rules SET removed_at = ? WHERE destination = ? AND removed_at IS NULL", (now, destination.id))


def hold(db: Database, destination: int, because: str) -> None:
    """Send nothing there until `go_on`; what is to go there waits."""
    db.execute(
        "UPDATE destinations SET held_at = ?, held_because = ? WHERE id = ? AND held_at IS NULL",
        (clock.stamp(), because, destination),
    )


def go_on(db: Database, destination: int) -> None:
    """Send there again, and at once."""
    db.execute(
        "UPDATE destinations SET held_at = NULL, held_because = NULL, rests_until = NULL, let_go_at = ? WHERE id = ?",
        (clock.stamp(), destination),
    )


def rest(db: Database, destination: int, until: str) -> None:
    """Nothing is due there before then: it can't be reached, or has asked to be left alone."""
    db.execute("UPDATE destinations SET rests_until = ? WHERE id = ?", (until, destination))


def add_rule(db: Database, rule: Rule) -> int:
    """Add a rule and return its number."""
    first, last = rule.hours or (None, None)
    return insert(db, "rules", {
        "destination": rule.destination, "answers": json.dumps(rule.answers), "release": rule.release.value,
        "sender": rule.sender, "modality": rule.modality, "device": rule.device,
        "label": rule.label and rule.label.value, "from_hour": first, "to_hour": last, "created_at": clock.stamp(),
    })  # fmt: skip


def rules(db: Database) -> list[Rule]:
    """The rules that hold, oldest first."""
    return list(map(_rule, rows(db, "SELECT * FROM rules WHERE removed_at IS NULL ORDER BY id")))


def remove_rule(db: Database, rule: int) -> None:
    """A rule holds no more. Raises NotFound."""
    done = db.execute("UPDATE rules SET removed_at = ? WHERE id = ? AND removed_at IS NULL", (clock.stamp(), rule))
    if not done.rowcount:
        raise NotFound(f"there is no rule {rule}")


def _destination(row: dict[str, Any]) -> Destination:
    return Destination(
        row["id"], row["name"], row["kind"], json.loads(row["address"]), Proof(row["proof"]), row["held_at"],
        row["held_because"], row["let_go_at"],
    )  # fmt: skip


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        row["destination"], tuple(map(Answer, json.loads(row["answers"]))), Release(row["release"]), row["sender"],
        row["modality"], row["device"], row["label"] and Label(row["label"]),
        None if row["from_hour"] is None else (row["from_hour"], row["to_hour"]), row["id"],
    )  # fmt: skip
