"""A place by itself: how much comes from there, and what the model says of it."""

from __future__ import annotations

from dataclasses import dataclass

from cxr_core.drift.catalogue import ANSWERS, SIGNALS
from cxr_core.drift.grid import Counts
from cxr_core.drift.mix import Share
from cxr_core.drift.sight import Scope
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.records import Label

_JUDGED = len(ANSWERS) - 1
"""Answers before the last, which is that there is none."""


@dataclass(frozen=True)
class Slice:
    """A device or view in a time."""

    scope: Scope
    n: int
    """X-rays that came in."""
    positive: Share
    """Pneumonia, of those that were judged."""
    before: Share | None
    """The same in what is compared with; None where that has none from there."""
    median: float | None
    """Probability of pneumonia; None without opinions."""
    not_analysed: Share
    """Of all that the model was asked about."""


def slice_of(scope: Scope, pictures: Counts, said: Counts, before: Counts | None) -> Slice:
    """From tallies of the time: X-rays, opinions, and the opinions that are compared with."""
    answers = OPINION_LAYOUT.of(said, "answer")[:-1]
    probability = SIGNALS["probability"].grid
    assert probability
    median = probability.quantile(OPINION_LAYOUT.of(said, "probability")[:-1], 0.5)
    then = None if before is None else positives(before)
    return Slice(
        scope, images(pictures), positives(said), then if then and then.n else None, median,
        Share(int(answers[_JUDGED]), int(answers.sum())),
    )  # fmt: skip


def positives(said: Counts) -> Share:
    """How many of the X-rays that were judged were called Pneumonia."""
    answers = OPINION_LAYOUT.of(said, "answer")[:_JUDGED]
    return Share(int(answers[ANSWERS.index(Label.PNEUMONIA)]), int(answers.sum()))


def images(pictures: Counts) -> int:
    """How many X-rays a tally holds."""
    return int(PICTURE_LAYOUT.of(pictures, PICTURE_LAYOUT.signals[0].name).sum())
