"""Looks: how often models were compared on locked images. The more often, the less an interval on them means."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store import db as database


def add(db: Database, model: str, locked_sha256: str) -> None:
    """Count a comparison of a candidate on locked images, which are named by the hash of their list."""
    database.insert(db, "looks", {"model": model, "locked_sha256": locked_sha256, "looked_at": clock.stamp()})


def count(db: Database) -> int:
    """How many comparisons there have been."""
    return database.count(db, "SELECT count(*) FROM looks")
