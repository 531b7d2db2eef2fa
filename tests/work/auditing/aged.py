"""A log that is old enough for its beginning to be cut off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cxr_core import clock
from cxr_core.store import audit
from cxr_core.store.db import opened, transaction
from cxr_core.store.migrations import migrate

OLD = clock.now() - timedelta(days=800)
BEFORE = clock.stamp(OLD + timedelta(days=20))
"""The first twenty rows are older."""


def aged(home: Path) -> Path:
    """A new home whose log has thirty old days, and a row of each."""
    migrate(home)
    with opened(home) as db:
        for day in range(30):
            with clock.at(OLD + timedelta(days=day)), transaction(db):
                audit.record(db, "ann", "read", f"image {day}")
    return home
