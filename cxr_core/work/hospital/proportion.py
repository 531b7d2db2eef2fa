"""A guard: a model that suddenly calls nearly everybody ill is stopped before an archive is full of it."""

from __future__ import annotations

from typing import Any

from scipy import stats
from sqlite_utils import Database

from cxr_core.records import Label
from cxr_core.store import predictions
from cxr_core.store.destinations import Destination

LATELY, BEFORE = 50, 1000
"""Opinions that are compared, and up to how many of those before they are compared with."""
AMONG = 20_000
"""Predictions on all images that are looked through for them: a source that is rarer isn't judged."""
FEWEST_BEFORE = 200
"""Below it, what is usual here isn't known, and USUAL is assumed."""
USUAL = 0.5
LEAST_LIKELY = 1e-6
"""A share of positives that is less likely than this, if nothing had changed, holds the destination."""


def objection(db: Database, destination: Destination) -> str | None:
    """Why nothing more should be sent to a destination until somebody has looked, or None.

    Of the last opinions on what came from where its rules look, are more positive than chance would ever give
    (binomial), taking those before as usual? All of them count, whichever are sent: a rule may ask for the positive
    ones alone. Who lets it go on has looked at what went before, so that is not held against it again.
    """
    opinions = predictions.of_destination(db, destination.id, AMONG, LATELY + BEFORE)
    lately, before = opinions[:LATELY], opinions[LATELY:]
    if len(lately) < LATELY or lately[-1]["made_at"] <= (destination.let_go_at or ""):
        return None
    usual = (_positive(before) + 1) / (len(before) + 2) if len(before) >= FEWEST_BEFORE else USUAL
    if stats.binom.sf(_positive(lately) - 1, LATELY, usual) >= LEAST_LIKELY:
        return None
    return (
        f"{_positive(lately)} of the last {LATELY} opinions were {Label.PNEUMONIA}, where {usual:.0%} are usual: "
        "look at the drift page and at the X-rays, then let it go on"
    )


def _positive(opinions: list[dict[str, Any]]) -> int:
    return sum(opinion["label"] == Label.PNEUMONIA for opinion in opinions)
