"""Which models come from which, what each training set took, and from whose reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from cxr_core.store.db import rows

_ACTION = "(SELECT action FROM decisions WHERE model = m.name ORDER BY id DESC LIMIT 1) AS action"


def ancestry(db: Database, model: str) -> list[dict[str, Any]]:
    """A model and its parents: `name`, `parent`, `training_set`, `made_at`, and `action`, the last decision on it."""
    return rows(
        db,
        "WITH RECURSIVE line (name, place) AS (SELECT ?, 0 UNION ALL "
        "SELECT m.parent, place + 1 FROM line JOIN models m USING (name) WHERE m.parent NOT NULL) "
        f"SELECT m.name, m.parent, m.training_set, m.made_at, {_ACTION} FROM line JOIN models m USING (name) "
        "ORDER BY place",
        (model,),
    )


def descendants(db: Database, models: Iterable[str]) -> list[dict[str, Any]]:
    """The models fine-tuned from these, or again from those, oldest first: `name`, `parent`, `action`."""
    return rows(
        db,
        "WITH RECURSIVE line (name) AS (SELECT value FROM json_each(:models) UNION "
        "SELECT m.name FROM models m JOIN line ON m.parent = line.name) "
        f"SELECT m.name, m.parent, {_ACTION} FROM line JOIN models m USING (name) "
        "WHERE name NOT IN (SELECT value FROM json_each(:models)) ORDER BY m.made_at, m.name",
        {"models": json.dumps(list(models))},
    )


def items_of(db: Database, training_set: str) -> list[dict[str, Any]]:
    """How many `images` a training set has of each `origin`, `side` and `label`, base data among them."""
    return rows(
        db,
        "SELECT e.value ->> 'origin' AS origin, e.value ->> 'side' AS side, e.value ->> 'label' AS label, "
        "count(*) AS images FROM training_sets s, json_each(s.manifest, '$.items') e WHERE s.id = ? "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (training_set,),
    )


def reads_of(db: Database, training_set: str) -> list[dict[str, Any]]:
    """What a training set took from readers, a row a read: the item (`image`, `side`, `label`, `origin`), the `patient`
    and the `mode` of its image, and of the `read` its `reader`, `made_at`, `reason` and `seen`.

    `erased_at` is a stamp where the image is no more: of its reads only their numbers are left. Sets of earlier
    versions name a read by its number alone.
    """
    return rows(
        db,
        "SELECT t.image, t.side, t.label, t.origin, coalesce(i.patient, g.patient) AS patient, i.mode, "
        "coalesce(n.value ->> 'id', n.value) AS read, u.name AS reader, r.made_at, r.reason, r.seen, "
        "iif(i.id IS NULL, g.erased_at, NULL) AS erased_at "
        "FROM training_sets s, json_each(s.manifest, '$.items') e, json_each(e.value, '$.reads') n "
        "JOIN training_items t ON t.training_set = s.id AND t.image = e.value ->> 'image' "
        "LEFT JOIN images i ON i.id = t.image LEFT JOIN tombstones g ON g.image = t.image "
        "LEFT JOIN reads r ON r.id = coalesce(n.value ->> 'id', n.value) LEFT JOIN users u ON u.id = r.reader "
        "WHERE s.id = ? ORDER BY t.side, t.image, n.value",
        (training_set,),
    )


def taken_of(db: Database, patient: str) -> list[dict[str, Any]]:
    """What training sets took of a patient, erased or not: `training_set`, `image`, `side`, `label`, `origin`.

    With the `model` made of the set, or None where none was, and the last decision on it (`action`).
    """
    return rows(
        db,
        f"SELECT t.*, m.name AS model, {_ACTION} FROM (SELECT id AS image FROM images WHERE patient = :patient "
        "UNION SELECT image FROM tombstones WHERE patient = :patient) p JOIN training_items t USING (image) "
        "LEFT JOIN models m ON m.training_set = t.training_set ORDER BY m.made_at, m.name, t.image",
        {"patient": patient},
    )


def reads_on(db: Database, patient: str) -> list[dict[str, Any]]:
    """The reads of a patient's images, oldest first: `id`, `image`, `reader`, `label`, `reason`, `seen`, `made_at`."""
    return rows(
        db,
        "SELECT r.id, r.image, u.name AS reader, r.label, r.reason, r.seen, r.made_at FROM reads r "
        "JOIN images i ON i.id = r.image JOIN users u ON u.id = r.reader WHERE i.patient = ? ORDER BY r.id",
        (patient,),
    )
