"""Training sets: immutable manifests, named by the hash of their text."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.records import Side
from cxr_core.store.db import one, rows

BASE = "base data"
"""Origin of items that aren't the site's: files of the public data set."""


def add(db: Database, manifest: dict[str, Any], made_by: int | None) -> str:
    """Store a manifest, and what it takes from the site, and return its hash; the same manifest is stored once.

    The database refuses an image on another side than its patient's.
    """
    text = json.dumps(manifest, sort_keys=True)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    db.execute(
        "INSERT OR IGNORE INTO training_sets (id, manifest, made_by, made_at) VALUES (?, ?, ?, ?)",
        (sha256, text, made_by, clock.stamp()),
    )
    db.conn.executemany(
        "INSERT OR IGNORE INTO training_items (training_set, image, side, label, origin) VALUES (?, ?, ?, ?, ?)",
        [
            (sha256, item["image"], item["side"], item["label"], item["origin"])
            for item in manifest.get("items", ())
            if item["origin"] != BASE
        ],
    )
    return sha256


def items_of(db: Database, names: list[str]) -> list[dict[str, Any]]:
    """`image` and `side` of what these sets took from the site for their models to learn from: all but locked ones."""
    found = rows(
        db,
        "SELECT DISTINCT image, side FROM training_items WHERE training_set IN (SELECT value FROM json_each(?)) "
        "AND side <> 'locked'",
        (json.dumps(names),),
    )
    return [dict(row) for row in found]


def named(db: Database, beginning: str) -> str:
    """The name of the one training set that begins so. Raises NotFound if there is none, or more than one."""
    found = rows(db, "SELECT id FROM training_sets WHERE substr(id, 1, ?) = ?", (len(beginning), beginning))
    if len(found) != 1:
        raise NotFound(f"{len(found) or 'no'} training sets begin with {beginning!r}")
    return str(found[0]["id"])


def text(db: Database, training_set: str) -> str:
    """A training set's manifest as written: its SHA-256 is the set's name. Raises NotFound."""
    row = one(db, "SELECT manifest FROM training_sets WHERE id = ?", (training_set,))
    if row is None:
        raise NotFound(f"there is no training set {training_set[:12]}…")
    return str(row["manifest"])


def get(db: Database, training_set: str) -> dict[str, Any]:
    """A training set's manifest. Raises NotFound."""
    manifest: dict[str, Any] = json.loads(text(db, training_set))
    return manifest


def learnt(db: Database) -> dict[str, dict[str, int]]:
    """How many images each training set trains on, by where they come from: `flagged`, `agreed`, `base data`, …"""
    found = rows(
        db,
        "SELECT t.id, e.value ->> 'origin' AS origin, count(*) AS images "
        "FROM training_sets t, json_each(t.manifest, '$.items') e WHERE e.value ->> 'side' = ? GROUP BY 1, 2",
        (Side.TRAIN,),
    )
    by_set: dict[str, dict[str, int]] = {}
    for row in found:
        by_set.setdefault(row["id"], {})[row["origin"]] = row["images"]
    return by_set
