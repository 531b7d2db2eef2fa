"""A classifier tells images of now from the reference's only where they differ, and never by knowing the patients."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.drift.apart import FEWEST, apart, is_clear


def points(n, seed, shift=0.0, spread=1.0):
    return np.random.default_rng(seed).normal(shift, spread, (n, 8))


def names(n, of="patient"):
    return [f"{of} {number}" for number in range(n)]


def test_images_of_the_same_kind_are_not_told_apart():
    for seed in range(20):
        found = apart(points(200, seed), points(200, 100 + seed), names(400))
        assert not is_clear(found) and 0.35 < found.value < 0.65


@pytest.mark.parametrize(("shift", "spread"), [(0.5, 1.0), (-0.5, 1.0), (0.0, 1.8)])
def test_images_that_lie_elsewhere_or_are_spread_out_are(shift, spread):
    found = apart(points(200, 1), points(200, 2, shift, spread), names(400))
    assert is_clear(found) and found.low < found.value < found.high


def test_the_same_patients_over_and_over_are_known_by_no_classifier():
    """Ten images of each patient lie close together: taught on some of them, it would know the others."""
    reference, current = (np.repeat(points(FEWEST, seed), 10, axis=0) for seed in (1, 2))
    whose = [*np.repeat(names(FEWEST, "then"), 10), *np.repeat(names(FEWEST, "now"), 10)]
    honest = apart(reference, current, whose)
    cheating = apart(reference, current, names(len(whose)))
    assert honest.value < cheating.value - 0.1
    assert not is_clear(honest)


def test_few_patients_tell_nothing_however_many_images():
    few = np.repeat(points(FEWEST - 1, 1), 20, axis=0)
    whose = [*names(200, "then"), *np.repeat(names(FEWEST - 1, "now"), 20)]
    assert apart(points(200, 2), few, whose) is None
