"""Training sets: immutable manifests, named by the hash of their text."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import one


def add(db: Database, manifest: dict[str, Any], made_by: int | None) -> str:
    """Store a manifest and return its hash; the same manifest is stored once."""
    text = json.dumps(manifest, sort_keys=True)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    db.execute(
        "INSERT OR IGNORE INTO training_sets (id, manifest, made_by, made_at) VALUES (?, ?, ?, ?)",
        (sha256, text, made_by, clock.stamp()),
    )
    return sha256


def get(db: Database, training_set: str) -> dict[str, Any]:
    """A training set's manifest. Raises NotFound."""
    row = one(db, "SELECT manifest FROM training_sets WHERE id = ?", (training_set,))
    if row is None:
        raise NotFound(f"there is no training set {training_set[:12]}…")
    manifest: dict[str, Any] = json.loads(row["manifest"])
    return manifest
