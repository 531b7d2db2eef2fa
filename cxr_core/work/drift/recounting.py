"""Counting all that a home holds, once: what was there before days were counted."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.store import site, tallies
from cxr_core.work.drift import judging, references, rolling

COUNTED = "days are counted"
"""The fact of the site that says that what was there before this version has been counted."""


def count_what_was_there(db: Database) -> None:
    """Count X-rays, opinions and reads, within the caller's transaction; nothing where that was done before."""
    if site.get(db, COUNTED):
        return
    tallies.clear(db)
    rolling.count_all(db, references.every_axes(db))
    judging.count_all(db)
    site.put(db, COUNTED, "1")
