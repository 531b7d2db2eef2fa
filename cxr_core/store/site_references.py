"""What a site's X-rays were like when an admin froze them: counts, and which images they were. Never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Frozen:
    """A reference of the site."""

    id: int
    frozen_at: str
    frozen_by: str
    reason: str
    model: str
    """The version whose opinions it holds."""
    images: int
    first_at: str
    last_at: str
    """When the first and the last of its X-rays came in."""


@dataclass(frozen=True)
class Part:
    """Counts of the images that share where they come from; `model` as in tallies."""

    model: str
    device: str
    equipment: str
    view: str
    images: int
    counts: bytes


_FROZEN = """
SELECT s.id, s.frozen_at, u.name AS frozen_by, s.reason, s.model, s.images, s.first_at, s.last_at
FROM site_references s JOIN users u ON u.id = s.frozen_by
"""


def add(db: Database, facts: dict[str, Any], images: Iterable[str], parts: Iterable[Part]) -> int:
    """Keep a reference; `facts` are its reason, model, first_at, last_at and frozen_by. Returns its number."""
    known = list(images)
    number = insert(db, "site_references", {**facts, "frozen_at": clock.stamp(), "images": len(known)})
    db.table("reference_images").insert_all({"reference": number, "image": image} for image in known)
    db.table("reference_tallies").insert_all({"reference": number, **asdict(part)} for part in parts)
    return number


def current(db: Database, on: str = "9999") -> Frozen | None:
    """The newest that was frozen on a day or before it, or None."""
    found = one(db, f"{_FROZEN} WHERE substr(s.frozen_at, 1, 10) <= ? ORDER BY s.id DESC LIMIT 1", (on,))
    return Frozen(**found) if found else None


def every(db: Database) -> list[Frozen]:
    """All of them, newest first."""
    return [Frozen(**row) for row in rows(db, f"{_FROZEN} ORDER BY s.id DESC")]


def parts(db: Database, reference: int) -> list[Part]:
    """The counts of a reference."""
    found = rows(
        db,
        "SELECT model, device, equipment, view, images, counts FROM reference_tallies WHERE reference = ?",
        (reference,),
    )
    return [Part(**row) for row in found]


def examples(db: Database, reference: int, scope: dict[str, str], limit: int) -> list[str]:
    """Ids of some images of a reference, evenly over it; of one device or view where `scope` names it.

    Those that were erased since are gone.
    """
    wanted = "".join(f" AND i.{name} = :{name}" for name in scope)
    found = rows(
        db,
        "SELECT i.id FROM reference_images r CROSS JOIN images i ON i.id = r.image WHERE r.reference = :reference"
        f"{wanted} ORDER BY i.received_at, i.id",
        {"reference": reference, **scope},
    )
    shown = min(limit, len(found))
    return [found[number * len(found) // shown]["id"] for number in range(shown)]
