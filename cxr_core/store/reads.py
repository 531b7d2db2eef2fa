"""What readers recorded. A read is never changed; a newer one supersedes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.records import Region, Shape
from cxr_core.store.db import count, each, insert, one, rows
from cxr_core.store.eyes import COUNTED, OWN, REVEALED, Eyes


def add(db: Database, row: dict[str, Any]) -> int:
    """Store a read and return its number; `regions`, where some were marked, is a tuple of Region."""
    regions = json.dumps([region.as_dict() for region in row.get("regions", ())])
    return insert(db, "reads", {**row, "regions": regions})


def get(db: Database, read: int) -> dict[str, Any]:
    """The read with this number. Raises NotFound."""
    found = one(db, "SELECT * FROM reads WHERE id = ?", (read,))
    if found is None:
        raise NotFound(f"there is no read {read}")
    return _decoded(found)


def newest(db: Database) -> int:
    """The number of the newest read; 0 if there is none."""
    return count(db, "SELECT coalesce(max(id), 0) FROM reads")


def is_current(db: Database, read: int) -> bool:
    """Whether no newer read supersedes this one."""
    return one(db, "SELECT 1 FROM current_reads WHERE id = ?", (read,)) is not None


def current_of(db: Database, image: str) -> list[dict[str, Any]]:
    """The current reads of an image, oldest first."""
    return [_decoded(row) for row in rows(db, "SELECT * FROM current_reads WHERE image = ? ORDER BY id", (image,))]


DECIDED = """(
    SELECT CASE WHEN 2 * sum(label = 'Pneumonia') > count(*) THEN 'Pneumonia'
                WHEN 2 * sum(label = 'Pneumonia') < count(*) THEN 'Normal' END
    FROM current_reads WHERE image = i.id AND final AND i.slots_open = 0)"""
"""What the readers of image `i` found in the end: all of them, or most; NULL while more are wanted, or they differ."""
_HISTORY = f"""
SELECT r.id, r.made_at, u.name AS reader, r.image, i.patient, r.prediction,
       CASE WHEN {REVEALED} THEN p.model END AS model, CASE WHEN {REVEALED} THEN p.probability END AS probability,
       CASE WHEN {REVEALED} THEN p.label END AS model_label, CASE WHEN {REVEALED} THEN r.agrees END AS agrees,
       r.label, CASE WHEN {REVEALED} THEN r.reason END AS reason, r.comment, r.regions, r.seen, r.final, r.withdrawn,
       CASE WHEN s.id IS NULL OR NOT s.final THEN r.seconds END AS seconds, r.supersedes,
       r.id NOT IN (SELECT supersedes FROM reads WHERE supersedes IS NOT NULL) AS current, {REVEALED} AS revealed
FROM reads r JOIN users u ON u.id = r.reader JOIN images i ON i.id = r.image
LEFT JOIN predictions p ON p.id = r.prediction LEFT JOIN reads s ON s.id = r.supersedes
WHERE {OWN} AND (:whose IS NULL OR r.reader = :whose) ORDER BY r.id DESC LIMIT :limit
"""


def history(db: Database, eyes: Eyes, whose: int | None = None, limit: int = -1) -> list[dict[str, Any]]:
    """Reads that may be shown to somebody, with what they may see of the model; newest first, of one reader or of all.

    A revision has no `seconds`: none were measured.
    """
    found = rows(db, _HISTORY, {**eyes.named(), "whose": whose, "limit": limit})
    return [_decoded(row) for row in found]


def current(db: Database) -> list[dict[str, Any]]:
    """The current final reads with what is known of each image, oldest first.

    `id`, `image`, `label`, `agrees`, `reader`, `reason`, `seen`; the patient's `side`; of the image `patient`,
    `file_sha256`, `device`, `age_years`, `mode`, `slots_open`. Of the opinion, seen or not, `said` is the
    label; `reason_kinds` is a list: what the model had refused the image for; `put_right` is what it had put right
    before it looked, or None.
    """
    found = rows(
        db,
        "SELECT r.id, r.image, r.label, r.agrees, r.reader, r.reason, r.seen, t.side, i.patient, i.file_sha256, "
        "i.device, i.age_years, i.mode, i.slots_open, coalesce(p.reason_kinds, '[]') AS reason_kinds, p.label AS said, "
        "p.put_right FROM current_reads r JOIN images i ON i.id = r.image JOIN patients t ON t.pseudonym = i.patient "
        "LEFT JOIN predictions p ON p.id = r.prediction WHERE r.final ORDER BY r.id",
    )
    return [{**row, "reason_kinds": json.loads(row["reason_kinds"])} for row in found]


def agreement(db: Database, eyes: Eyes, since: str) -> list[dict[str, Any]]:
    """How many final reads since a stamp could agree with a model, and did: `day` (UTC), `model`, `n`, `agreed`.

    Of those given beside the model's opinion, as far as it may be counted and they may be seen.
    """
    return rows(
        db,
        "SELECT substr(r.made_at, 1, 10) AS day, p.model, count(*) AS n, sum(r.agrees) AS agreed "
        "FROM current_reads r JOIN predictions p ON p.id = r.prediction JOIN images i ON i.id = r.image "
        "WHERE r.made_at >= :since AND r.agrees IS NOT NULL AND r.final AND r.seen = 'directly' "
        f"AND {COUNTED} AND {OWN} GROUP BY day, p.model",
        {**eyes.named(), "since": since},
    )


def last_words(db: Database) -> list[dict[str, Any]]:
    """Each reader's final word on each image, with their own opinion before it and what the model said.

    `day` (UTC), `image`, `slot`, `label`, `model`, `first` (None where there was none), `seen`, `seconds` over both.
    """
    return rows(
        db,
        "SELECT substr(r.made_at, 1, 10) AS day, r.image, coalesce(r.slot, r.id) AS slot, r.label, p.label AS model, "
        "f.label AS first, r.seen, r.seconds + coalesce(f.seconds, 0) AS seconds FROM current_reads r "
        "LEFT JOIN reads f ON f.image = r.image AND f.reader = r.reader AND NOT f.final AND NOT f.withdrawn "
        "LEFT JOIN predictions p ON p.id = r.prediction WHERE r.final ORDER BY r.id",
    )


_JUDGEMENTS = """
SELECT r.image, r.made_at, r.label, r.agrees, r.reason, r.final, r.seen, p.model, p.label AS said, p.probability,
       i.device, i.equipment, i.view, i.mode
FROM reads r JOIN predictions p ON p.id = r.prediction JOIN images i ON i.id = r.image
LEFT JOIN reads n ON n.supersedes = r.id
WHERE NOT r.withdrawn AND (n.id IS NULL OR (r.seen = 'nothing' AND n.seen = 'directly' AND NOT n.withdrawn))
"""


def judgements(db: Database, image: str) -> list[dict[str, Any]]:
    """What stands of what readers said of an image, each with the opinion that it is about, seen or not.

    Their last words, and before these what they had said unaided: the model's opinion, which came then, undoes nothing.
    `made_at`, `label`, `agrees`, `reason`, `final`, `seen`; of the opinion `model`, `said` (its label, or None) and
    `probability`; of the image `device`, `equipment`, `view` and `mode`.
    """
    return rows(db, f"{_JUDGEMENTS} AND r.image = ? ORDER BY r.id", (image,))


def every_judgement(db: Database) -> Iterator[dict[str, Any]]:
    """The same of all images, one image after the other, with its `image`."""
    return each(db, f"{_JUDGEMENTS} ORDER BY r.image, r.id")


def audited(db: Database, model: str | None, found: str, since: str) -> list[str | None]:
    """What `model` says (None: no answer) of each image that two read blinded, and in the end found to be `found`.

    Of those on which a reader had their last word after the stamp `since`.
    """
    answers = rows(
        db,
        "SELECT p.label FROM images i JOIN predictions p ON p.image = i.id AND p.model = :model "
        "JOIN reads r ON r.id = i.newest_read "
        "WHERE i.slots_open = 0 AND i.newest_read NOT NULL AND i.mode = 'blinded' AND i.readers = 2 "
        f"AND r.made_at > :since AND {DECIDED} = :found",
        {"model": model, "since": since, "found": found},
    )
    return [row["label"] for row in answers]


def newest_of(db: Database, reader: int, since: str) -> dict[str, Any] | None:
    """The newest read of a reader since a stamp that stands, with its `patient`; None where there is none."""
    return one(
        db,
        "SELECT r.*, i.patient FROM current_reads r JOIN images i ON i.id = r.image "
        "WHERE r.reader = ? AND r.made_at >= ? ORDER BY r.made_at DESC, r.id DESC LIMIT 1",
        (reader, since),
    )


def is_followed(db: Database, read: dict[str, Any]) -> bool:
    """Whether somebody else has recorded a read of the same image since."""
    later = "SELECT 1 FROM current_reads WHERE image = ? AND reader <> ? AND id > ?"
    return one(db, later, (read["image"], read["reader"], read["id"])) is not None


def next_slot(db: Database, image: str) -> int:
    """The number of the next reader of an image: those who read it stand in this order, whoever revises later."""
    return count(db, "SELECT coalesce(max(slot), 0) + 1 FROM reads WHERE image = ?", (image,))


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    marks = json.loads(row["regions"])
    return {**row, "regions": tuple(Region(**{**mark, "shape": Shape(mark["shape"])}) for mark in marks)}
