"""What was fetched by itself in vain: an object that is left alone from then on, or tried after all others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import rows

Why = Literal["refused", "erased", "failed"]


def put(db: Database, name: str, why: Why) -> None:
    """Note, of an object with this keyed name, what came of fetching it; the last time counts."""
    db.execute("INSERT OR REPLACE INTO set_aside (object, why, noted_at) VALUES (?, ?, ?)", (name, why, clock.stamp()))


def whys(db: Database, names: Iterable[str]) -> dict[str, Why]:
    """Those of these keyed names that were set aside, and why."""
    found = rows(
        db,
        "SELECT object, why FROM set_aside WHERE object IN (SELECT value FROM json_each(?))",
        (json.dumps(list(names)),),
    )
    return {row["object"]: row["why"] for row in found}
