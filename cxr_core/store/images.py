"""Images and the patients they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.records import Side
from cxr_core.store.db import one, rows


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
    return {**found, "appearance": json.loads(found["appearance"])}


def earlier(db: Database, image: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """The rows of the same patient's images that came before this one, newest first."""
    return rows(
        db,
        "SELECT * FROM images WHERE patient = ? AND (received_at, id) < (?, ?) "
        "ORDER BY received_at DESC, id DESC LIMIT ?",
        (image["patient"], image["received_at"], image["id"], limit),
    )


def appearances(db: Database, since: str, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """When each image since a stamp came in, and its appearance: the numbers called `names`, None for what it lacks."""
    paths = [f"$.{name}" for name in names]
    columns = ", ".join(["received_at", *["json_extract(appearance, ?)"] * len(paths)])
    return db.execute(f"SELECT {columns} FROM images WHERE received_at >= ?", (*paths, since)).fetchall()


def all_files(db: Database) -> list[dict[str, Any]]:
    """`id` and `file_sha256` of every image, oldest first."""
    return rows(db, "SELECT id, file_sha256 FROM images ORDER BY received_at, id")
