"""Counting each X-ray and each opinion as it comes, in the transaction that stores it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core.drift.catalogue import ANSWERS, OTHER, REFUSALS, TURNS
from cxr_core.drift.grid import Counts
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.model.axes import Axes
from cxr_core.records import Label, Opinion
from cxr_core.store import images, predictions, tallies
from cxr_core.store.tallies import PICTURES, Key

A_DAY = timedelta(days=1)
Signals = dict[str, Any]
"""The signals of one X-ray or opinion by the names of the drift catalogue: numbers and words."""


def of_picture(row: Mapping[str, Any]) -> Signals:
    """The signals of an X-ray from its row as it is stored: what it looks like, and what its header says."""
    rows, columns = row["pixel_rows"], row["pixel_columns"]
    return {
        **row["appearance"], "shorter": min(rows, columns), "elongation": rows / columns,
        "manufacturer": row["manufacturer"], "view": row["view"], "modality": row["modality"], "sex": row["sex"],
        "age": row["age_years"], "kvp": row["kvp"], "exposure": row["exposure_mas"],
    }  # fmt: skip


def of_opinion(opinion: Opinion | None, refused_for: Sequence[str], axes: Axes | None) -> Signals:
    """The signals of what a model says of an X-ray: an opinion (along the axes, if any), or why there is none."""
    if opinion is None:
        return {"answer": ANSWERS[-1], "refused for": (*refused_for, OTHER)[0]}
    probability, as_stored = opinion.probability, opinion.embedding.astype(predictions.EMBEDDING)
    seen = axes.project(as_stored[None])[0] if axes else []
    return {
        **{f"axis{number + 1}": float(value) for number, value in enumerate(seen)},
        "probability": probability, "confidence": max(probability, 1 - probability), "answer": opinion.label.value,
        "put right": opinion.put_right or TURNS[0], "refused for": REFUSALS[0],
    }  # fmt: skip


def count_picture(db: Database, row: Mapping[str, Any]) -> None:
    """Count an X-ray on the day on which it came in; `row` is as images.get gives it."""
    _add(db, key(row, row["received_at"][:10], PICTURES), PICTURE_LAYOUT, [of_picture(row)])


def count_opinion(db: Database, row: Mapping[str, Any], model: str, signals: Signals) -> None:
    """Count what a model said of the image with this row, on the day on which that was stored, where it is counted."""
    said = predictions.of_model(db, row["id"], model)
    if said and is_counted(row, said):
        _add(db, key(row, said["made_at"][:10], model), OPINION_LAYOUT, [signals])


def is_counted(row: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether an opinion came within a day of its X-ray. What a new version makes of those that waited says nothing of
    what comes in: they are those that nobody was in a hurry to read.
    """
    came, made = (datetime.fromisoformat(stamp) for stamp in (row["received_at"], said["made_at"]))
    return made - came < A_DAY


def take_back(db: Database, image: str, axes: Mapping[str, Axes | None]) -> None:
    """Take an image that is to be erased, and what was said of it, out of the counts. `axes` are each model's."""
    row = images.get(db, image)
    _add(db, key(row, row["received_at"][:10], PICTURES), PICTURE_LAYOUT, [of_picture(row)], -1)
    for said in predictions.on(db, image):
        if is_counted(row, said):
            place = key(row, said["made_at"][:10], said["model"])
            _add(db, place, OPINION_LAYOUT, [of_row(said, axes.get(said["model"]))], -1)


def count_all(db: Database, axes: Mapping[str, Axes | None]) -> None:
    """Count all that came in before this version, within the caller's transaction. `axes` are each model's."""
    for day, rows in groupby(images.every(db), lambda row: str(row["received_at"][:10])):
        count(db, PICTURE_LAYOUT, ((key(row, day, PICTURES), of_picture(row)) for row in rows))
    said = filter(lambda row: is_counted(row, row), predictions.every(db))
    for day, rows in groupby(said, lambda row: str(row["made_at"][:10])):
        found = ((key(row, day, row["model"]), of_row(row, axes.get(row["model"]))) for row in rows)
        count(db, OPINION_LAYOUT, found)


def count(db: Database, layout: Layout, found: Iterable[tuple[Key, Signals]], times: int = 1) -> None:
    """Count once more, or with -1 once less; a day at a time, for years are more than should be held at once."""
    by_key: dict[Key, list[Signals]] = defaultdict(list)
    for place, signals in found:
        by_key[place].append(signals)
    for place, rows in by_key.items():
        _add(db, place, layout, rows, times)


def of_row(row: Mapping[str, Any], axes: Axes | None) -> Signals:
    """As of_opinion, from a prediction's row."""
    if row["label"] is None:
        return of_opinion(None, row["reason_kinds"], axes)
    heard = Opinion(
        row["probability"], row["logit"], Label(row["label"]), row["heatmap"], row["embedding"],
        put_right=row["put_right"],
    )  # fmt: skip
    return of_opinion(heard, [], axes)


def key(row: Mapping[str, Any], day: str, model: str) -> Key:
    """Where an image's counts belong; `row` has its device, equipment, view and mode, `model` as in tallies."""
    mode = "" if model == PICTURES else row["mode"]
    return Key(day, model, row["device"] or "", row["equipment"] or "", row["view"] or "", mode)


def _add(db: Database, place: Key, layout: Layout, signals: Sequence[Signals], times: int = 1) -> None:
    kept = tallies.get(db, place)
    before: Counts = layout.from_bytes(kept) if kept else layout.nothing()
    after = np.maximum(before + times * layout.count(signals), 0)
    tallies.put(db, place, times * len(signals), layout.to_bytes(after))
