"""Perceptual hashes of images and of files of the base data."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlite_utils import Database

from cxr_core.store.db import rows


def of(db: Database, names: Sequence[str]) -> dict[str, bytes]:
    """The fingerprint of each of these images, or files of the base data by their content hash, that has one."""
    found = rows(
        db,
        "SELECT id AS name, fingerprint FROM images WHERE id IN (SELECT value FROM json_each(:names)) "
        "AND fingerprint IS NOT NULL UNION ALL "
        "SELECT sha256, fingerprint FROM base_fingerprints WHERE sha256 IN (SELECT value FROM json_each(:names))",
        {"names": json.dumps(list(names))},
    )
    return {row["name"]: row["fingerprint"] for row in found}


def keep(db: Database, name: str, fingerprint: bytes, of_base: bool) -> None:
    """Write the fingerprint of an image, or of a file of the base data, down."""
    if of_base:
        db.execute("INSERT OR IGNORE INTO base_fingerprints VALUES (?, ?)", (name, fingerprint))
    else:
        db.execute("UPDATE images SET fingerprint = ? WHERE id = ?", (fingerprint, name))
