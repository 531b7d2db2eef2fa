"""What is old, and why some of it must stay all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import each

_ON_ITS_WAY = """
EXISTS (SELECT 1 FROM arrivals a JOIN deliveries d ON d.arrival = a.id JOIN destinations t ON t.id = d.destination
        WHERE a.image = {image} AND t.removed_at IS NULL
        AND (d.state IN ('queued', 'sending', 'dead') OR d.state = 'accepted' AND t.proof <> 'none'))
"""
"""An archive is still to get an answer on an image, to confirm that it keeps it, or has refused it."""


def images(db: Database, before: str, only: str | None = None) -> Iterator[dict[str, Any]]:
    """The images that came in before a stamp, or `only` this one of them, oldest first.

    `what` is an image's id, `since` when it came; `stays` says why it can't go, or is None; `note`, what goes with it
    that somebody might miss.
    """
    return each(
        db,
        "SELECT i.id AS what, i.received_at AS since, CASE "
        "WHEN i.slots_open > 0 THEN 'it is still to be read' "
        "WHEN EXISTS (SELECT 1 FROM claims WHERE image = i.id AND until > :now) THEN 'somebody has it open' "
        "WHEN p.side = 'locked' THEN 'its patient is locked: models are compared on it' "
        "WHEN EXISTS (SELECT 1 FROM training_items WHERE image = i.id) THEN 'a training set took it' "
        "WHEN EXISTS (SELECT 1 FROM reference_images r WHERE r.image = i.id AND r.reference IN "
        "(SELECT max(id) FROM site_references UNION SELECT reference FROM alarms WHERE closed_at IS NULL)) "
        "THEN 'the reference of the site has it' "
        "WHEN i.received_at >= (SELECT min(since) FROM alarms WHERE closed_at IS NULL) THEN 'an open alarm shows it' "
        f"WHEN {_ON_ITS_WAY.format(image='i.id')} THEN 'an answer on it has not arrived' "
        "END AS stays, iif(EXISTS (SELECT 1 FROM current_reads WHERE image = i.id AND agrees = 0), "
        "'flagged, and no training set took it', NULL) AS note "
        "FROM images i JOIN patients p ON p.pseudonym = i.patient "
        "WHERE i.received_at < :before AND (:only IS NULL OR i.id = :only) ORDER BY i.received_at, i.id",
        {"before": before, "only": only, "now": clock.stamp()},
    )


def predictions(db: Database, before: str, running: str | None, only: str | None = None) -> Iterator[dict[str, Any]]:
    """The same of opinions, made before a stamp; `what` is image and model, with a space between."""
    return each(
        db,
        "SELECT p.image || ' ' || p.model AS what, p.made_at AS since, CASE "
        "WHEN p.id = (SELECT id FROM predictions WHERE image = p.image "
        "ORDER BY model = :running DESC, id DESC LIMIT 1) THEN 'it is what stands on its X-ray' "
        "WHEN EXISTS (SELECT 1 FROM reads WHERE prediction = p.id) THEN 'a read answers to it' "
        f"WHEN {_ON_ITS_WAY.format(image='p.image')} THEN 'an answer on its X-ray has not arrived' "
        "END AS stays, NULL AS note FROM predictions p "
        "WHERE p.made_at < :before AND (:only IS NULL OR p.image || ' ' || p.model = :only) ORDER BY p.made_at, p.id",
        {"before": before, "only": only, "running": running},
    )


def shadow_predictions(db: Database, before: str, only: str | None = None) -> Iterator[dict[str, Any]]:
    """The same of what candidates said in the shadow."""
    return each(
        db,
        "SELECT s.image || ' ' || s.model AS what, s.made_at AS since, "
        "iif(coalesce((SELECT action FROM decisions WHERE model = s.model ORDER BY id DESC LIMIT 1), 'approve') "
        "= 'approve', 'nobody has decided on its model', NULL) AS stays, NULL AS note FROM shadow_predictions s "
        "WHERE s.made_at < :before AND (:only IS NULL OR s.image || ' ' || s.model = :only) ORDER BY s.made_at",
        {"before": before, "only": only},
    )


def remove_prediction(db: Database, image: str, model: str) -> None:
    """Delete an opinion with what was drawn of it, within the caller's transaction."""
    for table in ("explanations", "predictions"):
        db.execute(f"DELETE FROM {table} WHERE image = ? AND model = ?", (image, model))


def remove_shadow_prediction(db: Database, image: str, model: str) -> None:
    """Delete what a candidate said in the shadow, within the caller's transaction."""
    db.execute("DELETE FROM shadow_predictions WHERE image = ? AND model = ?", (image, model))
