"""Counting what readers make of the model's opinions, in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from cxr_core.drift.catalogue import ANSWERS, FLAGS, JUDGED, OTHER
from cxr_core.drift.tally import JUDGEMENT_LAYOUT
from cxr_core.records import Label, Seen
from cxr_core.store import reads
from cxr_core.store.tallies import readers_of
from cxr_core.work import rolling
from cxr_core.work.rolling import Signals


def of_judgement(row: Mapping[str, Any]) -> Signals:
    """The signals of what a reader said of an X-ray, from a row of reads.judgements."""
    if row["seen"] == Seen.NOTHING:
        return of_finding(row["label"], row["said"], row["probability"])
    if not row["final"] or row["agrees"] is None:
        return {}
    flag = FLAGS[0] if row["agrees"] else row["reason"] or OTHER
    return {"agreed": JUDGED[0 if row["agrees"] else 1], "flagged for": flag}


def of_finding(label: str, said: str | None, probability: float | None) -> Signals:
    """The signals of what was found without having seen what the model says; None where it doesn't answer."""
    is_ill = label == Label.PNEUMONIA
    left_over = None if probability is None else float(is_ill) - probability
    return {"of the ill" if is_ill else "of the healthy": said or ANSWERS[-1], "left over": left_over}


def of_image(db: Database, image: str, model: str) -> list[Signals]:
    """The signals of what readers made of a model's opinion on an image."""
    found = (of_judgement(row) for row in reads.judgements(db, image) if row["model"] == model)
    return [signals for signals in found if signals]


@contextmanager
def recounted(db: Database, image: str) -> Iterator[None]:
    """What readers made of an image is counted anew after the block, which changes it, within one transaction."""
    _count(db, reads.judgements(db, image), -1)
    yield
    _count(db, reads.judgements(db, image), 1)


def take_back(db: Database, image: str) -> None:
    """Take what readers made of an image that is to be erased out of the counts."""
    _count(db, reads.judgements(db, image), -1)


def count_all(db: Database) -> None:
    """Count all that was read before this version, within the caller's transaction."""
    for _, rows in groupby(reads.every_judgement(db), lambda row: str(row["made_at"][:10])):
        _count(db, rows, 1)


def _count(db: Database, rows: Iterable[Mapping[str, Any]], times: int) -> None:
    found = ((rolling.key(row, row["made_at"][:10], readers_of(row["model"])), of_judgement(row)) for row in rows)
    rolling.count(db, JUDGEMENT_LAYOUT, ((key, signals) for key, signals in found if signals), times)
