"""What was seen, week by week, and over the last weeks.

What a picture is like doesn't depend on the model, so it is judged over all pictures, against the
running version's reference. What a version said is judged only against that version's own
reference: a release must never look like drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.catalogue import PREDICTION
from cxr_core.drift.signals import Signal, compare
from cxr_core.drift.sketch import Sketch
from cxr_core.drift.weeks import Moments, utc, weekly
from cxr_core.errors import BadInput

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


@dataclass(frozen=True)
class Observations:
    """Pictures, or what one version said of them, as columns: when, and a number for each signal."""

    at: Moments
    """When each came in, or was predicted."""
    values: Mapping[str, NDArray[np.float64]]
    """By the names of `catalogue.SIGNALS`: a number for each moment, NaN where there is none."""

    def __post_init__(self) -> None:
        if any(len(column) != len(self.at) for column in self.values.values()):
            raise BadInput(f"A signal has a number for each of the {len(self.at)} moments; give NaN where it has none.")

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, chosen: NDArray[Any]) -> Observations:
        """Those at the places, or under the mask, of `chosen`."""
        return Observations(self.at[chosen], {name: column[chosen] for name, column in self.values.items()})

    def column(self, name: str) -> NDArray[np.float64]:
        """The numbers of a signal, all NaN where it wasn't observed."""
        return self.values[name] if name in self.values else np.full(len(self), np.nan)


NOTHING = Observations(np.array([], "datetime64[us]"), {})


@dataclass(frozen=True)
class Observed:
    """All that was seen: each picture once, and what each version said."""

    pictures: Observations
    said: Mapping[str, Observations]
    """By version."""


@dataclass(frozen=True)
class References:
    """The running version, and every version's own reference: a sketch per signal."""

    running: str
    by_model: Mapping[str, Mapping[str, Sketch]]

    def __post_init__(self) -> None:
        if self.running not in self.by_model:
            raise BadInput(f"The running model {self.running} has no reference; its card should hold one.")


@dataclass(frozen=True)
class Window:
    """Signals of one week."""

    start: date
    """The week's Monday, UTC."""
    model: str | None
    """The version whose predictions these are; None for what the pictures are like, whatever the version."""
    n: int
    signals: tuple[Signal, ...]


def opinion_values(probability: Numbers) -> dict[str, Numbers]:
    """The signals of predictions: the calibrated probability, 0..1, and confidence, max(p, 1 - p)."""
    return {"probability": probability, "confidence": np.maximum(probability, 1 - probability)}


def timeline(observed: Observed, references: References) -> list[Window]:
    """A window a week for the pictures, then one for each version that predicted in it, earliest week first.

    A version without a reference has a window without signals. p-values are corrected over one week.
    """
    seen = weekly(observed.pictures.at)
    said = {model: weekly(rows.at) for model, rows in sorted(observed.said.items())}
    nothing = np.array([], np.intp)
    windows: list[Window] = []
    for start in sorted({*seen, *(start for weeks in said.values() for start in weeks)}):
        own = {model: observed.said[model][weeks[start]] for model, weeks in said.items() if start in weeks}
        windows += _week(start, Observed(observed.pictures[seen.get(start, nothing)], own), references)
    return windows


def current(observed: Observed, references: References, now: datetime, days: int = 28) -> tuple[Signal, ...]:
    """Signals of the `days` up to and with `now`, corrected over all of them, in the reference's order.

    All pictures count; of the predictions, only the running version's. Raises BadInput for
    a time without a zone.
    """
    until = utc(now)
    since = utc(now - timedelta(days=days))
    reference = references.by_model[references.running]
    own = observed.said.get(references.running, NOTHING)
    pictures, said = (rows[(rows.at > since) & (rows.at <= until)] for rows in (observed.pictures, own))
    judged = (
        *_judge(pictures, _of_pictures(reference), len(reference)),
        *_judge(said, _of_predictions(reference), len(reference)),
    )
    by_name = {signal.name: signal for signal in judged}
    return tuple(by_name[name] for name in reference)


def _week(start: date, week: Observed, references: References) -> list[Window]:
    pictures = _of_pictures(references.by_model[references.running])
    own = {version: _of_predictions(references.by_model.get(version, {})) for version in week.said}
    comparisons = len(pictures) + sum(len(reference) for reference in own.values())
    seen = np.isfinite([week.pictures.column(name) for name in pictures]).any(axis=0).sum()
    return [
        Window(start, None, int(seen), _judge(week.pictures, pictures, comparisons)),
        *(Window(start, model, len(rows), _judge(rows, own[model], comparisons)) for model, rows in week.said.items()),
    ]


def _judge(rows: Observations, reference: Mapping[str, Sketch], comparisons: int) -> tuple[Signal, ...]:
    return tuple(compare(name, sketch, rows.column(name), comparisons) for name, sketch in reference.items())


def _of_pictures(reference: Mapping[str, Sketch]) -> dict[str, Sketch]:
    return {name: sketch for name, sketch in reference.items() if name not in PREDICTION}


def _of_predictions(reference: Mapping[str, Sketch]) -> dict[str, Sketch]:
    return {name: sketch for name, sketch in reference.items() if name in PREDICTION}
