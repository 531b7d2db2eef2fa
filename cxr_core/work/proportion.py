"""A guard: a model that suddenly calls nearly everybody ill is stopped before an archive is full of it."""

from __future__ import annotations

from scipy import stats
from sqlite_utils import Database

from cxr_core.records import Label
from cxr_core.store import deliveries
from cxr_core.store.destinations import Destination

LATELY, BEFORE = 50, 1000
"""Opinions that are compared, and up to how many of those sent before they are compared with."""
FEWEST_BEFORE = 200
"""Below it, what is usual here isn't known, and USUAL is assumed."""
USUAL = 0.5
LEAST_LIKELY = 1e-6
"""A share of positives that is less likely than this, if nothing had changed, holds the destination."""


def objection(db: Database, destination: Destination) -> str | None:
    """Why nothing more should be sent to a destination until somebody has looked, or None.

    Of the last opinions sent there, are more positive than chance would ever give (binomial), taking what was sent
    before as usual? Who lets it go on has looked at what went before, so that is not held against it again.
    """
    if destination.let_go_at and deliveries.told_since(db, destination.id, destination.let_go_at) < LATELY:
        return None
    labels = deliveries.labels_sent(db, destination.id, LATELY + BEFORE)
    lately, before = labels[:LATELY], labels[LATELY:]
    if len(lately) < LATELY:
        return None
    usual = (_positive(before) + 1) / (len(before) + 2) if len(before) >= FEWEST_BEFORE else USUAL
    if stats.binom.sf(_positive(lately) - 1, LATELY, usual) >= LEAST_LIKELY:
        return None
    return (
        f"{_positive(lately)} of the last {LATELY} opinions sent were {Label.PNEUMONIA}, where {usual:.0%} are usual: "
        "look at the drift page and at the X-rays, then let it go on"
    )


def _positive(labels: list[str | None]) -> int:
    return sum(label == Label.PNEUMONIA for label in labels)
