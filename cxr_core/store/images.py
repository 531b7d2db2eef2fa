"""Images and the patients they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.records import Side
from cxr_core.store import arrivals
from cxr_core.store.db import count, each, one, rows


def any_image(db: Database) -> bool:
    """Whether there is any image at all."""
    return count(db, "SELECT count(*) FROM images") > 0


def exists(db: Database, image: str) -> bool:
    """Whether the image is stored already."""
    return one(db, "SELECT 1 FROM images WHERE id = ?", (image,)) is not None


def add(db: Database, row: dict[str, Any], side: Side) -> None:
    """Store an image's row; its patient gets `side` if new, and keeps the old one if not."""
    db.execute("INSERT OR IGNORE INTO patients (pseudonym, side) VALUES (?, ?)", (row["patient"], side.value))
    db.table("images").insert({**row, "appearance": json.dumps(row["appearance"], sort_keys=True)})


def get(db: Database, image: str) -> dict[str, Any]:
    """An image's row. Raises NotFound."""
    found = one(
        db, "SELECT i.*, p.side FROM images i JOIN patients p ON p.pseudonym = i.patient WHERE id = ?", (image,)
    )
    if found is None:
        raise NotFound(f"there is no image {image[:12]}…")
    return _decoded(found)


def beginning(db: Database, start: str, limit: int) -> list[str]:
    """The ids of up to `limit` images whose id begins with `start`, which are hexadecimal digits."""
    sql = "SELECT id FROM images WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    return [row["id"] for row in rows(db, sql, (start, start + "g", limit))]


def earlier(db: Database, image: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """The rows of the same patient's images from before this one, newest first: taken before, else come before.

    Archives send old X-rays late; but only where both dates are known they can be compared.
    """
    return rows(
        db,
        "SELECT * FROM images WHERE patient = :patient AND id <> :id "
        "AND iif(coalesce(taken_on <> :taken_on, 0), taken_on < :taken_on, (received_at, id) < (:received_at, :id)) "
        "ORDER BY taken_on DESC, received_at DESC, id DESC LIMIT :limit",
        {**{name: image[name] for name in ("patient", "id", "taken_on", "received_at")}, "limit": limit},
    )


def every(db: Database) -> Iterator[dict[str, Any]]:
    """Every image's row, oldest first."""
    return map(_decoded, each(db, "SELECT * FROM images ORDER BY received_at, id"))


def first_taken_on(db: Database) -> str | None:
    """The earliest date, shifted, on which an image was taken; None where none has one."""
    found = one(db, "SELECT min(taken_on) AS day FROM images")
    return found["day"] if found else None


def first(db: Database, after: str, limit: int) -> list[dict[str, Any]]:
    """The rows of the first images that came in after a stamp, oldest first."""
    found = rows(db, "SELECT * FROM images WHERE received_at > ? ORDER BY received_at, id LIMIT ?", (after, limit))
    return list(map(_decoded, found))


def came_in(db: Database, after: str, before: str, limit: int = -1) -> int:
    """How many images came in between two stamps, counted up to `limit`, if that isn't below 0."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM images WHERE received_at > ? AND received_at < ? LIMIT ?)"
    return count(db, sql, (after, before, limit))


def evenly(db: Database, after: str, before: str, most: int) -> list[dict[str, Any]]:
    """The rows of up to `most` images, two or more, that came in between two stamps, oldest first.

    Those in equal steps of the order in which they came, from the first to the last.
    """
    last = came_in(db, after, before) - 1
    steps = max(min(most - 1, last), 1)
    found = rows(
        db,
        "SELECT i.* FROM (SELECT id, row_number() OVER (ORDER BY received_at, id) - 1 AS place FROM images "
        "WHERE received_at > :after AND received_at < :before) r CROSS JOIN images i ON i.id = r.id "
        "WHERE r.place IN (SELECT value FROM json_each(:places)) ORDER BY r.place",
        {"after": after, "before": before, "places": json.dumps([step * last // steps for step in range(steps + 1)])},
    )
    return list(map(_decoded, found))


def taken_in(db: Database, day: str) -> tuple[int, int]:
    """How many ever came in, those erased since included, and how many of those that are here came in since `day`.

    One that was erased and came in again is one: its tombstone stays, and is replaced when it is erased again.
    """
    erased = "SELECT count(*) FROM tombstones WHERE image NOT IN (SELECT id FROM images) AND file_sha256 <> ''"
    ever = count(db, f"SELECT (SELECT count(*) FROM images) + ({erased})")
    return ever, count(db, "SELECT count(*) FROM images WHERE received_at >= ?", (day,))


def lately(db: Database, since: str, place: Mapping[str, str], limit: int) -> list[str]:
    """Ids of the last images that came in since a stamp, newest first; of one `device` or `view`, where named."""
    wanted = "".join(f" AND {name} = :{name}" for name in place)
    found = rows(
        db,
        f"SELECT id FROM images WHERE received_at >= :since{wanted} ORDER BY received_at DESC, id DESC LIMIT :limit",
        {"since": since, "limit": limit, **place},
    )
    return [row["id"] for row in found]


def of_patient(db: Database, patient: str) -> list[dict[str, Any]]:
    """`id`, `file_sha256`, `received_at`, `mode` and number of `reads` of each of a patient's images, oldest first."""
    return rows(
        db,
        "SELECT id, file_sha256, received_at, mode, (SELECT count(*) FROM reads WHERE image = i.id) AS reads "
        "FROM images i WHERE patient = ? ORDER BY received_at, id",
        (patient,),
    )


def patients(db: Database, beginning: str) -> list[str]:
    """The pseudonyms that begin so, of all patients there ever were: one who was erased keeps the side.

    With them those of whom nothing was taken in, but something refused that came over the network, or held back; a
    tombstone is left of these, too.
    """
    found = rows(
        db,
        "SELECT pseudonym FROM patients WHERE substr(pseudonym, 1, length(:text)) = :text "
        "UNION SELECT patient FROM quarantine WHERE substr(patient, 1, length(:text)) = :text "
        "UNION SELECT patient FROM arrivals WHERE substr(patient, 1, length(:text)) = :text "
        "UNION SELECT patient FROM tombstones WHERE substr(patient, 1, length(:text)) = :text",
        {"text": beginning},
    )
    return [row["pseudonym"] for row in found]


def side_of(db: Database, patient: str) -> str | None:
    """The side that a patient belongs to; None where nothing of them was ever taken in."""
    found = one(db, "SELECT side FROM patients WHERE pseudonym = ?", (patient,))
    return str(found["side"]) if found else None


_REFERRING = ("reads", "explanations", "claims", "shadow_predictions", "predictions")
"""What says something of an image; reads first, since they name predictions."""


def erase(db: Database, patient: str) -> dict[str, int]:
    """Delete a patient's images and all that says something of them, within the caller's transaction.

    Returns how many rows of each table went.
    """
    return {**arrivals.erase(db, patient), **_erase(db, [row["id"] for row in of_patient(db, patient)])}


def remove(db: Database, image: str) -> dict[str, int]:
    """The same for one image alone."""
    return {**arrivals.erase_of_image(db, image), **_erase(db, [image])}


def _erase(db: Database, images: list[str]) -> dict[str, int]:
    gone, these = {}, json.dumps(images)
    for table, column in (*((table, "image") for table in _REFERRING), ("images", "id")):
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
        gone[table] = db.execute(sql, (these,)).rowcount
    return gone


def said_of(db: Database, patient: str) -> dict[str, int]:
    """How many rows of each table `erase` would delete."""
    gone = arrivals.said_of(db, patient)
    for table in _REFERRING:
        sql = f"SELECT count(*) FROM {table} WHERE image IN (SELECT id FROM images WHERE patient = ?)"
        gone[table] = count(db, sql, (patient,))
    return {**gone, "images": len(of_patient(db, patient))}


def all_files(db: Database) -> list[dict[str, Any]]:
    """`id` and `file_sha256` of every image, oldest first."""
    return rows(db, "SELECT id, file_sha256 FROM images ORDER BY received_at, id")


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "appearance": json.loads(row["appearance"])}
