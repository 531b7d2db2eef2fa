"""What was seen, week by week, and over the last weeks.

What a picture is like doesn't depend on the model, so it is judged over all pictures, against the
running version's reference. What a version said is judged only against that version's own
reference: a release must never look like drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cxr_core.drift.catalogue import PREDICTION
from cxr_core.drift.signals import Signal, compare
from cxr_core.drift.sketch import Sketch
from cxr_core.drift.weeks import utc, weekly
from cxr_core.errors import BadInput


@dataclass(frozen=True)
class Observation:
    """What is known of one image and of one version's prediction of it."""

    at: datetime
    """When it was predicted, with its time zone."""
    model: str
    values: Mapping[str, float]
    """The names of `catalogue.SIGNALS` and their values; any may be missing."""
    device: str | None = None
    """The machine that took it, as a pseudonym."""


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


def opinion_values(probability: float) -> dict[str, float]:
    """The signals of one prediction: the calibrated probability, 0..1, and confidence, max(p, 1 - p)."""
    return {"probability": probability, "confidence": max(probability, 1 - probability)}


def timeline(observations: Iterable[Observation], references: References) -> list[Window]:
    """A window a week for the pictures, then one for each version that predicted in it, earliest week first.

    Of an image that two versions predicted, give the pictures' values with one of the observations only.
    A version without a reference has a window without signals. p-values are corrected over one week.
    """
    return [window for start, rows in weekly(observations).items() for window in _week(start, rows, references)]


def current(
    observations: Iterable[Observation], references: References, now: datetime, days: int = 28
) -> tuple[Signal, ...]:
    """Signals of the `days` up to and with `now`, corrected over all of them, in the reference's order.

    Pictures of any version count; of the predictions, only the running version's. Raises BadInput for
    a time without a zone.
    """
    until = utc(now)
    recent = [row for row in observations if until - timedelta(days=days) < utc(row.at) <= until]
    reference = references.by_model[references.running]
    pictures = _judge(recent, _of_pictures(reference), len(reference))
    own = [row for row in recent if row.model == references.running]
    judged = {signal.name: signal for signal in pictures + _judge(own, _of_predictions(reference), len(reference))}
    return tuple(judged[name] for name in reference)


def _week(start: date, rows: Sequence[Observation], references: References) -> list[Window]:
    pictures = _of_pictures(references.by_model[references.running])
    versions = sorted({row.model for row in rows})
    own = {version: _of_predictions(references.by_model.get(version, {})) for version in versions}
    comparisons = len(pictures) + sum(len(reference) for reference in own.values())
    seen = sum(any(name in row.values for name in pictures) for row in rows)
    windows = [Window(start, None, seen, _judge(rows, pictures, comparisons))]
    for version, reference in own.items():
        said = [row for row in rows if row.model == version]
        windows.append(Window(start, version, len(said), _judge(said, reference, comparisons)))
    return windows


def _judge(rows: Sequence[Observation], reference: Mapping[str, Sketch], comparisons: int) -> tuple[Signal, ...]:
    return tuple(
        compare(name, sketch, [row.values[name] for row in rows if name in row.values], comparisons)
        for name, sketch in reference.items()
    )


def _of_pictures(reference: Mapping[str, Sketch]) -> dict[str, Sketch]:
    return {name: sketch for name, sketch in reference.items() if name not in PREDICTION}


def _of_predictions(reference: Mapping[str, Sketch]) -> dict[str, Sketch]:
    return {name: sketch for name, sketch in reference.items() if name in PREDICTION}
