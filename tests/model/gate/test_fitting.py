"""Widening a parent's gate for the population of its child: by many who agree, never by a few."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.drift.appearance import measure
from cxr_core.model import release
from cxr_core.model.gate.fitting import FEWEST_TO_WIDEN, Population, widened
from cxr_core.model.gate.gate import Gate
from cxr_core.model.predict import Outputs
from tests.model.chests import phantom_chest

GATE = Gate.from_dict(release.card()["gate"])
FILM = measure(phantom_chest(1, False, 224) / np.float32(255))
DARK = {**FILM, "mean": GATE.quality.least["mean"] / 2}


def population(count, appearances):
    """`count` X-rays of which the network saw nothing at all, as it never does of a chest."""
    nothing = Outputs(
        np.zeros(count, np.float32), np.zeros((count, 7, 7), np.float32),
        np.zeros((count, 512), np.float32), np.zeros((count, 448), np.float32),
    )  # fmt: skip
    grey = np.zeros((count, 8, 8), np.uint8)
    return Population(grey, grey, nothing, appearances)


def test_too_few_widen_nothing_however_they_look():
    few = FEWEST_TO_WIDEN - 1
    assert widened(GATE, population(few, [DARK] * few)) == GATE


def test_many_who_look_darker_widen_the_limits_of_quality():
    wider = widened(GATE, population(FEWEST_TO_WIDEN, [DARK] * FEWEST_TO_WIDEN))
    assert wider.quality.objections(DARK) == []
    assert wider.likeness.arrays == GATE.likeness.arrays


@pytest.mark.parametrize("odd", [1, 5, 20])
def test_a_few_dark_ones_among_many_widen_no_limit_of_quality(odd):
    wider = widened(GATE, population(400, [*[DARK] * odd, *[FILM] * (400 - odd)]))
    assert wider.quality.least["mean"] == GATE.quality.least["mean"]
    assert wider.quality.objections(DARK)


def test_whoever_the_newcomers_are_the_limit_on_strangeness_stays_below_strangers():
    wider = widened(GATE, population(400, [FILM] * 400))
    before = GATE.likeness
    assert wider.likeness.strangest <= 2 * before.strangest - before.usual
