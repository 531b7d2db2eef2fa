"""The worklists: how each is read, and in which order."""

from __future__ import annotations

from dataclasses import asdict

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.records import Mode, Ordering, Worklist
from cxr_core.store.db import rows


def all_lists(db: Database) -> list[Worklist]:
    """Every worklist; what isn't drawn for another one goes to the first."""
    return [_decoded(row) for row in rows(db, "SELECT * FROM worklists ORDER BY id")]


def get(db: Database, number: int) -> Worklist:
    """The worklist with this number. Raises NotFound."""
    found = rows(db, "SELECT * FROM worklists WHERE id = ?", (number,))
    if not found:
        raise NotFound(f"there is no worklist {number}")
    return _decoded(found[0])


def change(db: Database, changed: Worklist) -> None:
    """Replace the worklist with the same number. Images that are in it already are read as before."""
    db.table("worklists").update(changed.id, asdict(changed))


def _decoded(row: dict[str, object]) -> Worklist:
    return Worklist(**{**row, "mode": Mode(str(row["mode"])), "ordering": Ordering(str(row["ordering"]))})  # type: ignore[arg-type]
