"""Counting what readers make of the model's opinions, in the transaction that stores it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, groupby, islice
from typing import Any

from sqlite_utils import Database

from cxr_core.drift.catalogue import ANSWERS, FLAGS, JUDGED, OTHER
from cxr_core.drift.tally import JUDGEMENT_LAYOUT
from cxr_core.records import Label, Seen
from cxr_core.store import reads
from cxr_core.store.tallies import readers_of
from cxr_core.work.drift import rolling
from cxr_core.work.drift.rolling import Signals

Judgement = Mapping[str, Any]
"""A row of reads.judgements."""
AT_ONCE = 1000
"""Images that are counted at a time: years of them are more than should be held at once."""


def of_image(rows: Sequence[Judgement]) -> list[tuple[Judgement, Signals]]:
    """The signals of what stands of an image's reads, each with the read on whose day it counts.

    `rows` are those of reads.judgements, in their order. What several found unaided is one finding: that of most of
    them, on the day of the last; none while they differ, as two do until a third decides.
    """
    unaided: dict[str, list[Judgement]] = defaultdict(list)
    for row in rows:
        if row["seen"] == Seen.NOTHING:
            unaided[row["model"]].append(row)
    found = [(each[-1], of_finding(label, each[-1]["said"], each[-1]["probability"]))
             for each in unaided.values() if (label := _most(each))]  # fmt: skip
    return [*found, *((row, _beside(row)) for row in rows if row["final"] and row["agrees"] is not None and _saw(row))]


def _saw(row: Judgement) -> bool:
    return row["seen"] == Seen.DIRECTLY


def _beside(row: Judgement) -> Signals:
    flag = FLAGS[0] if row["agrees"] else row["reason"] or OTHER
    return {"agreed": JUDGED[0 if row["agrees"] else 1], "flagged for": flag}


def _most(rows: Sequence[Judgement]) -> str | None:
    (label, votes), *others = Counter(row["label"] for row in rows).most_common()
    return None if others and others[0][1] == votes else str(label)


def of_finding(label: str, said: str | None, probability: float | None) -> Signals:
    """The signals of what was found without having seen what the model says; None where it doesn't answer."""
    is_ill = label == Label.PNEUMONIA
    left_over = None if probability is None else float(is_ill) - probability
    return {"of the ill" if is_ill else "of the healthy": said or ANSWERS[-1], "left over": left_over}


def of_model(db: Database, image: str, model: str) -> list[Signals]:
    """The signals of what readers made of a model's opinion on an image."""
    found = of_image(reads.judgements(db, image))
    return [signals for row, signals in found if row["model"] == model]


@contextmanager
def recounted(db: Database, image: str) -> Iterator[None]:
    """What readers made of an image is counted anew after the block, which changes it, within one transaction."""
    _count(db, of_image(reads.judgements(db, image)), -1)
    yield
    _count(db, of_image(reads.judgements(db, image)), 1)


def take_back(db: Database, image: str) -> None:
    """Take what readers made of an image that is to be erased out of the counts."""
    _count(db, of_image(reads.judgements(db, image)), -1)


def count_all(db: Database) -> None:
    """Count all that was read before this version, within the caller's transaction."""
    by_image = (list(rows) for _, rows in groupby(reads.every_judgement(db), lambda row: str(row["image"])))
    while images := list(islice(by_image, AT_ONCE)):
        _count(db, chain.from_iterable(map(of_image, images)), 1)


def _count(db: Database, found: Iterable[tuple[Judgement, Signals]], times: int) -> None:
    keyed = ((rolling.key(row, row["made_at"][:10], readers_of(row["model"])), signals) for row, signals in found)
    rolling.count(db, JUDGEMENT_LAYOUT, keyed, times)
