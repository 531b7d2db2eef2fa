"""The worklist as queries over images, predictions and reads."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from cxr_core.store import models
from cxr_core.store.db import count, one, rows

CASES = """
SELECT i.id, i.received_at, i.patient, i.view, i.age_years, i.sex, i.manufacturer, i.device, i.synthetic,
       p.status, p.label, p.probability, p.model, p.made_at,
       r.id AS read, r.label AS read_label, r.agrees, r.made_at AS read_at
FROM images i
LEFT JOIN predictions p ON p.id = coalesce(
    (SELECT id FROM predictions WHERE image = i.id AND model = :running),
    (SELECT max(id) FROM predictions WHERE image = i.id))
LEFT JOIN reads r ON r.id = i.newest_read
"""
SHOWN = {"waiting": "i.newest_read IS NULL", "read": "i.newest_read IS NOT NULL", "all": "1"}
ORDER = {"waiting": "i.received_at, i.id", "read": "i.newest_read DESC", "all": "i.received_at DESC, i.id"}


def rows_of(
    db: Database, show: str, label: str | None, device: str | None, page: tuple[int, int]
) -> list[dict[str, Any]]:
    """Cases that are `waiting`, `read` or `all`, of one label and one device; page is (limit, offset).

    With the running model's opinion, or the newest one where that hasn't come.
    """
    status = "not_analysed" if label == "not analysed" else None
    return rows(
        db,
        f"{CASES} WHERE {SHOWN[show]} AND (:device IS NULL OR i.device = :device) "
        "AND (:label IS NULL OR p.label = :label OR p.status = :status) "
        f"ORDER BY {ORDER[show]} LIMIT :limit OFFSET :offset",
        {
            "label": label,
            "status": status,
            "device": device,
            "limit": page[0],
            "offset": page[1],
            "running": models.running(db),
        },
    )


def counts(db: Database) -> dict[str, int]:
    """`waiting`, `read`, and `coming`: files whose intake is still to be done."""
    return {
        "waiting": count(db, "SELECT count(*) FROM images WHERE newest_read IS NULL"),
        "read": count(db, "SELECT count(*) FROM images WHERE newest_read IS NOT NULL"),
        "coming": count(db, "SELECT count(*) FROM jobs WHERE kind = 'intake' AND state IN ('queued', 'running')"),
    }


def devices(db: Database) -> list[str]:
    """The pseudonyms of all devices."""
    return [row["device"] for row in rows(db, "SELECT DISTINCT device FROM images WHERE device NOT NULL ORDER BY 1")]


def next_waiting(db: Database, after: str | None) -> str | None:
    """The unread image that came first, or first after the image `after`; None where there is none."""
    place = one(db, "SELECT received_at, id FROM images WHERE id = ?", (after,)) or {"received_at": "", "id": ""}
    found = one(
        db,
        "SELECT id FROM images WHERE newest_read IS NULL AND (received_at, id) > (?, ?) "
        "ORDER BY received_at, id LIMIT 1",
        (place["received_at"], place["id"]),
    )
    return str(found["id"]) if found else None
