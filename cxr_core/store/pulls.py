"""What is fetched from an archive by itself, when it was the last time, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Pull:
    """What one that is asked has of the last days, every so many minutes."""

    source: int
    modalities: tuple[str, ...]
    days: int
    """Back from today, which counts, too."""
    minutes: int
    station: str | None = None
    """Its name; whichever where it is None."""
    ran_at: str | None = None
    said: str | None = None
    """What came of it the last time; nobody is named."""
    failed: bool = False
    """Whether that is to be put right."""
    held_at: str | None = None
    """Nothing is asked since."""
    held_because: str | None = None
    complete_at: str | None = None
    """When the last run began that tried all that was new; at first, when the pull was made."""
    id: int = 0


_COLUMNS = "source, modalities, days, minutes, station, ran_at, said, failed, held_at, held_because, complete_at, id"


def put(db: Database, pull: Pull) -> int:
    """Begin with a pull in place of the source's other one, within the caller's transaction; returns its number."""
    remove(db, pull.source)
    now = clock.stamp()
    return insert(db, "pulls", {
        "source": pull.source, "modalities": json.dumps(pull.modalities), "station": pull.station, "days": pull.days,
        "minutes": pull.minutes, "created_at": now, "next_at": now, "complete_at": now,
    })  # fmt: skip


def remove(db: Database, source: int) -> bool:
    """Fetch nothing from a source by itself any more; whether anything was."""
    done = db.execute(
        "UPDATE pulls SET removed_at = ? WHERE source = ? AND removed_at IS NULL", (clock.stamp(), source)
    )
    return done.rowcount > 0


def in_use(db: Database) -> list[Pull]:
    """Every pull that wasn't removed, oldest first."""
    return list(map(_pull, rows(db, f"SELECT {_COLUMNS} FROM pulls WHERE removed_at IS NULL ORDER BY id")))


def stations(db: Database) -> list[str]:
    """Every station that was ever asked for."""
    return [row["station"] for row in rows(db, "SELECT DISTINCT station FROM pulls WHERE station IS NOT NULL")]


def of_source(db: Database, source: int) -> Pull:
    """The pull from a source. Raises NotFound."""
    row = one(db, f"SELECT {_COLUMNS} FROM pulls WHERE source = ? AND removed_at IS NULL", (source,))
    if row is None:
        raise NotFound("nothing is fetched from there by itself")
    return _pull(row)


def due(db: Database) -> list[Pull]:
    """Those that are to be run now."""
    found = rows(
        db,
        f"SELECT {_COLUMNS} FROM pulls WHERE removed_at IS NULL AND held_at IS NULL AND next_at <= ? ORDER BY next_at",
        (clock.stamp(),),
    )
    return list(map(_pull, found))


def begin(db: Database, pull: Pull) -> bool:
    """Run it now, and next in its minutes; False where somebody else has begun, or it isn't to be run any more."""
    done = db.execute(
        "UPDATE pulls SET ran_at = ?, next_at = ? WHERE id = ? AND ran_at IS ? AND removed_at IS NULL "
        "AND held_at IS NULL",
        (clock.stamp(), clock.stamp(clock.now() + timedelta(minutes=pull.minutes)), pull.id, pull.ran_at),
    )
    return done.rowcount == 1


def note(db: Database, number: int, said: str, failed: bool = False) -> bool:
    """What came of it; False where it was removed or held meanwhile."""
    db.execute("UPDATE pulls SET said = ?, failed = ? WHERE id = ?", (said, int(failed), number))
    stands = "SELECT 1 FROM pulls WHERE id = ? AND removed_at IS NULL AND held_at IS NULL"
    return one(db, stands, (number,)) is not None


def complete(db: Database, number: int) -> None:
    """The run that began last asked, and tried all that was new."""
    db.execute("UPDATE pulls SET complete_at = ran_at WHERE id = ?", (number,))


def hold(db: Database, number: int, because: str) -> None:
    """Ask nothing until `go_on`."""
    db.execute(
        "UPDATE pulls SET held_at = ?, held_because = ? WHERE id = ? AND held_at IS NULL",
        (clock.stamp(), because, number),
    )


def go_on(db: Database, number: int) -> None:
    """Ask again."""
    db.execute("UPDATE pulls SET held_at = NULL, held_because = NULL WHERE id = ?", (number,))


def _pull(row: dict[str, Any]) -> Pull:
    return Pull(**{**row, "modalities": tuple(json.loads(row["modalities"])), "failed": bool(row["failed"])})
