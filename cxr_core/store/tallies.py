"""Counts of days, packed: of X-rays, opinions and reads. Their meaning lies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.store.db import one

PICTURES = ""
"""In the place of a model: the X-rays themselves."""


def readers_of(model: str) -> str:
    """In the place of a model: what readers made of its opinions."""
    return f"readers of {model}"


@dataclass(frozen=True)
class Key:
    """Whose counts a row holds; empty where the header doesn't say."""

    day: str
    """In UTC, as 2026-01-31."""
    model: str
    """Whose opinions; PICTURES for the X-rays themselves, `readers_of` a model for what was made of its opinions."""
    device: str
    equipment: str
    view: str
    mode: str
    """How the images are read: what may be seen of the model's opinions depends on it. Empty for the X-rays themselves,
    which are anybody's to know."""


_WHERE = " AND ".join(f"{name} = :{name}" for name in Key.__dataclass_fields__)


def get(db: Database, key: Key) -> bytes | None:
    """The counts kept so far."""
    found = one(db, f"SELECT counts FROM tallies WHERE {_WHERE}", asdict(key))
    return found["counts"] if found else None


def put(db: Database, key: Key, images: int, counts: bytes) -> None:
    """Keep counts to which `images` more have been added, or fewer where it is below 0; nothing of none."""
    names = ", ".join(asdict(key))
    marks = ", ".join(f":{name}" for name in asdict(key))
    db.execute(
        f"INSERT INTO tallies ({names}, images, counts) VALUES ({marks}, :images, :counts) "
        "ON CONFLICT DO UPDATE SET images = images + :images, counts = :counts",
        {**asdict(key), "images": images, "counts": counts},
    )
    if images < 0:
        db.execute(f"DELETE FROM tallies WHERE {_WHERE} AND images <= 0", asdict(key))


def between(
    db: Database, model: str, first: str, last: str, modes: Iterable[str] | None = None
) -> Iterator[tuple[Any, ...]]:
    """`day`, `device`, `view`, `images` and `counts` from a day to another; `model` as in Key.

    Of images that are read in one of these modes, or of all.
    """
    return iter(
        db.execute(
            "SELECT day, device, view, images, counts FROM tallies WHERE model = :model "
            "AND day BETWEEN :first AND :last "
            "AND (:modes IS NULL OR mode IN (SELECT value FROM json_each(:modes))) ORDER BY day",
            {"model": model, "first": first, "last": last, "modes": None if modes is None else json.dumps([*modes])},
        )
    )


def origins(db: Database, first: str, last: str) -> Iterator[tuple[str, str, str, int]]:
    """`day`, `device`, `equipment` and `images` of the X-rays that came in from a day to another."""
    return iter(
        db.execute(
            "SELECT day, device, equipment, sum(images) FROM tallies WHERE model = :model "
            "AND day BETWEEN :first AND :last GROUP BY day, device, equipment",
            {"model": PICTURES, "first": first, "last": last},
        )
    )


def versions(db: Database) -> list[str]:
    """The names of the models of which opinions are counted, newest first."""
    found = db.execute(
        "SELECT name FROM models m WHERE EXISTS (SELECT 1 FROM tallies WHERE model = m.name) "
        "ORDER BY made_at DESC, name"
    )
    return [row[0] for row in found]


def clear(db: Database) -> None:
    """Forget all counts, to count anew."""
    db.execute("DELETE FROM tallies")
