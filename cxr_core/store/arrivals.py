"""Objects that came over the network, each with what an answer needs to go home, sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import count, each, one, rows


@dataclass(frozen=True)
class Arrival:
    """An object that came over the network."""

    object: str
    """A keyed name of its SOP Instance UID."""
    sender: int
    image: str | None
    """The image that it became; None where it could not be taken in."""
    patient: str | None
    """A keyed pseudonym."""
    modality: str | None
    device: str | None
    """A keyed pseudonym."""
    refused: str | None
    """Why it could not be taken in."""
    envelope: bytes
    """Sealed."""
    received_at: str = ""
    """When it had come whole, before it waited to be taken in or for somebody to look at it."""
    id: int = 0


_COLUMNS = "object, sender, image, patient, modality, device, refused, envelope, received_at, id"


def add(db: Database, arrival: Arrival) -> Arrival | None:
    """Note an object that has come, once: None where it had come before, unless it is taken in this time only."""
    done = db.execute(
        "INSERT INTO arrivals (object, sender, image, patient, modality, device, refused, envelope, "
        "received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (object) DO UPDATE SET sender = excluded.sender, "
        "image = excluded.image, patient = excluded.patient, modality = excluded.modality, device = excluded.device, "
        "refused = NULL, envelope = excluded.envelope, received_at = excluded.received_at "
        "WHERE image IS NULL AND excluded.image IS NOT NULL",
        (arrival.object, arrival.sender, arrival.image, arrival.patient, arrival.modality, arrival.device,
         arrival.refused, arrival.envelope, arrival.received_at or clock.stamp()),
    )  # fmt: skip
    return _named(db, arrival.object) if done.rowcount else None


def get(db: Database, number: int) -> Arrival:
    """The arrival with this number. Raises NotFound."""
    row = one(db, f"SELECT {_COLUMNS} FROM arrivals WHERE id = ?", (number,))
    if row is None:
        raise NotFound(f"there is no arrival {number}")
    return Arrival(**row)


def _named(db: Database, name: str) -> Arrival | None:
    row = one(db, f"SELECT {_COLUMNS} FROM arrivals WHERE object = ?", (name,))
    return Arrival(**row) if row else None


def of_image(db: Database, image: str) -> list[Arrival]:
    """The objects that this image came as, oldest first."""
    return [
        Arrival(**row) for row in rows(db, f"SELECT {_COLUMNS} FROM arrivals WHERE image = ? ORDER BY id", (image,))
    ]


def since(db: Database, stamp: str) -> list[Arrival]:
    """What has come since a stamp, oldest first."""
    found = rows(db, f"SELECT {_COLUMNS} FROM arrivals WHERE received_at >= ? ORDER BY id", (stamp,))
    return [Arrival(**row) for row in found]


def known(db: Database, objects: Iterable[str], taken_in: bool = False) -> set[str]:
    """Those of these keyed names whose objects have come, or, of these, those that were `taken_in`."""
    found = rows(
        db,
        "SELECT object FROM arrivals WHERE object IN (SELECT value FROM json_each(?)) AND (NOT ? OR image IS NOT NULL)",
        (json.dumps(list(objects)), taken_in),
    )
    return {row["object"] for row in found}


def envelopes(db: Database) -> Iterator[bytes]:
    """The sealed envelope of everything that has come."""
    return (row["envelope"] for row in each(db, "SELECT envelope FROM arrivals"))


def by_device(db: Database, since: str) -> list[dict[str, Any]]:
    """`sender`, `device`, and how many `came`, were `refused`, and the `last` stamp, of what has come since a stamp."""
    return rows(
        db,
        "SELECT s.name AS sender, a.device, count(*) AS came, count(a.refused) AS refused, max(a.received_at) AS last "
        "FROM arrivals a JOIN senders s ON s.id = a.sender WHERE a.received_at >= ? "
        "GROUP BY a.sender, a.device ORDER BY came DESC",
        (since,),
    )


def by_hour(db: Database, since: str) -> dict[str, int]:
    """How many objects have come since a stamp, by hour in UTC: `2026-03-01T12`."""
    found = rows(
        db,
        "SELECT substr(received_at, 1, 13) AS hour, count(*) AS n FROM arrivals WHERE received_at >= ? GROUP BY 1",
        (since,),
    )
    return {row["hour"]: row["n"] for row in found}


def became(db: Database, numbers: Iterable[int]) -> dict[int, tuple[str | None, str | None]]:
    """The image that each of these arrivals became, or why it could not be taken in."""
    wanted = json.dumps(list(numbers))
    found = rows(db, "SELECT id, image, refused FROM arrivals WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
    return {row["id"]: (row["image"], row["refused"]) for row in found}


def kinds(db: Database, column: Literal["device", "modality"]) -> list[str]:
    """The devices, or the modalities, of all that ever came, sorted."""
    found = rows(db, f"SELECT DISTINCT {column} AS kind FROM arrivals WHERE {column} IS NOT NULL ORDER BY 1")
    return [row["kind"] for row in found]


def erase(db: Database, patient: str) -> dict[str, int]:
    """Delete a patient's arrivals with their envelopes and deliveries, within the caller's transaction."""
    gone = db.execute(
        f"DELETE FROM deliveries WHERE arrival IN (SELECT id FROM arrivals WHERE {_THEIRS})", _of(patient)
    )
    also = db.execute(f"DELETE FROM arrivals WHERE {_THEIRS}", _of(patient))
    return {"deliveries": gone.rowcount, "arrivals": also.rowcount}


def erase_of_image(db: Database, image: str) -> dict[str, int]:
    """Delete the arrivals that an image came as, likewise."""
    gone = db.execute("DELETE FROM deliveries WHERE arrival IN (SELECT id FROM arrivals WHERE image = ?)", (image,))
    also = db.execute("DELETE FROM arrivals WHERE image = ?", (image,))
    return {"deliveries": gone.rowcount, "arrivals": also.rowcount}


def refused_of(db: Database, patient: str) -> list[str]:
    """The keyed names of a patient's objects that could not be taken in."""
    return [
        row["object"] for row in rows(db, "SELECT object FROM arrivals WHERE patient = ? AND image IS NULL", (patient,))
    ]


def said_of(db: Database, patient: str) -> dict[str, int]:
    """How many rows of each table `erase` would delete."""
    inner = f"SELECT count(*) FROM deliveries WHERE arrival IN (SELECT id FROM arrivals WHERE {_THEIRS})"
    return {
        "deliveries": count(db, inner, _of(patient)),
        "arrivals": count(db, f"SELECT count(*) FROM arrivals WHERE {_THEIRS}", _of(patient)),
    }


_THEIRS = "(patient = :patient OR image IN (SELECT id FROM images WHERE patient = :patient))"


def _of(patient: str) -> dict[str, str]:
    return {"patient": patient}
