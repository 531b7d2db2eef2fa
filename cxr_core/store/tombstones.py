"""What is left of erased images: which and whose it was, how many reads went with it, when, by whom and why.

An object of which no image was made, since it was held back or refused, has one under its keyed name, without a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import ModelError
from cxr_core.store.db import count, rows


def add(
    db: Database, image: dict[str, Any], patient: str, reason: str, erased_by: int | None, by_age: bool = False
) -> None:
    """Set a tombstone for a row of images.of_patient; of an image that is erased a second time, the newer stands.

    `by_age` is one that went since it was old enough.
    """
    _put(db, {
        "image": image["id"], "patient": patient, "file_sha256": image["file_sha256"], "reads": image["reads"],
        "reason": reason, "erased_by": erased_by, "erased_at": clock.stamp(), "by_age": int(by_age),
    })  # fmt: skip


def _put(db: Database, stone: dict[str, Any]) -> None:
    names, marks = ", ".join(stone), ", ".join(f":{name}" for name in stone)
    db.execute(f"INSERT OR REPLACE INTO tombstones ({names}) VALUES ({marks})", stone)


def add_unread(db: Database, name: str, patient: str, reason: str, erased_by: int | None) -> None:
    """The same for an object that was never taken in, under a name that tells nobody whose it was."""
    add(db, {"id": name, "file_sha256": "", "reads": 0}, patient, reason, erased_by)


def on_request(db: Database) -> list[dict[str, Any]]:
    """Every tombstone of what somebody asked to be erased, as it stands."""
    return rows(db, "SELECT * FROM tombstones WHERE NOT by_age ORDER BY image")


def take_over(db: Database, stones: Iterable[dict[str, Any]]) -> None:
    """Set tombstones of another database of the same site; who erased stays where that account is here, too."""
    here = {row["id"] for row in rows(db, "SELECT id FROM users")}
    for stone in stones:
        _put(db, {**stone, "erased_by": stone["erased_by"] if stone["erased_by"] in here else None})


def of_patient(db: Database, patient: str) -> list[dict[str, Any]]:
    """A patient's tombstones with the name of who erased (None: the command line; or `by_age`), oldest first."""
    return rows(
        db,
        "SELECT t.image, t.reads, t.reason, t.erased_at, t.by_age, u.name AS erased_by FROM tombstones t "
        "LEFT JOIN users u ON u.id = t.erased_by WHERE t.patient = ? ORDER BY t.erased_at, t.image",
        (patient,),
    )


def patient_of(db: Database, image: str) -> str | None:
    """The pseudonym of the patient whose image was erased, or None where no such image was."""
    found = rows(db, "SELECT patient FROM tombstones WHERE image = ?", (image,))
    return str(found[0]["patient"]) if found else None


def orphaned(db: Database) -> list[dict[str, Any]]:
    """Which erased images and files must be gone from the disk: `image`, `file_sha256`.

    None that was sent again since. `file_sha256` is None where another image has the same file.
    """
    return rows(
        db,
        "SELECT t.image, iif(EXISTS (SELECT 1 FROM images WHERE file_sha256 = t.file_sha256), NULL, t.file_sha256) "
        "AS file_sha256 FROM tombstones t WHERE t.image NOT IN (SELECT id FROM images) AND t.file_sha256 <> '' "
        "ORDER BY t.image",
    )


def require_whole(db: Database, images: Iterable[str]) -> None:
    """Raises ModelError if any of a training set's images were erased and haven't been sent again."""
    erased = count(
        db,
        "SELECT count(*) FROM json_each(?) w JOIN tombstones t ON t.image = w.value "
        "WHERE t.image NOT IN (SELECT id FROM images)",
        (json.dumps(list(images)),),
    )
    if erased:
        raise ModelError(f"images of this set were erased on request: {erased}; it can't be rebuilt whole")


def how_many(db: Database) -> int:
    """How many images were erased so far."""
    return count(db, "SELECT count(*) FROM tombstones WHERE file_sha256 <> ''")
