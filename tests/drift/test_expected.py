from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxr_core.drift.expected import expected
from cxr_core.drift.grid import Grid

GRID = Grid(0, 1, 100)
THRESHOLD = 0.4


def probabilities(n, seed=1):
    return np.random.default_rng(seed).beta(0.6, 1.2, n)


def test_figures_are_those_of_labels_drawn_from_the_probabilities() -> None:
    p = probabilities(3000)
    found = expected(GRID, GRID.counts(p), THRESHOLD)
    drawn = np.random.default_rng(2).random((300, len(p))) < p
    called = p >= THRESHOLD
    assert found.accuracy and found.sensitivity and found.specificity and found.auc
    assert found.accuracy.value == pytest.approx((drawn == called).mean(), abs=0.004)
    assert found.sensitivity.value == pytest.approx(np.mean([called[ill].mean() for ill in drawn]), abs=0.004)
    assert found.specificity.value == pytest.approx(np.mean([1 - called[~ill].mean() for ill in drawn]), abs=0.004)
    assert found.auc.value == pytest.approx(np.mean([roc_auc_score(ill, p) for ill in drawn[:60]]), abs=0.004)


def test_intervals_hold_what_other_samples_say() -> None:
    whole = expected(GRID, GRID.counts(probabilities(200_000)), THRESHOLD)
    samples = [expected(GRID, GRID.counts(probabilities(300, seed)), THRESHOLD) for seed in range(60)]
    for name in ("accuracy", "sensitivity", "specificity", "auc"):
        held = [getattr(s, name).low <= getattr(whole, name).value <= getattr(s, name).high for s in samples]
        assert 0.85 <= np.mean(held) < 1 or np.mean(held) == 1, name
        assert all(getattr(s, name).low <= getattr(s, name).value <= getattr(s, name).high for s in samples)


def test_more_images_say_it_more_exactly() -> None:
    few, many = (expected(GRID, GRID.counts(probabilities(n)), THRESHOLD).auc for n in (100, 10_000))
    assert few and many
    assert many.high - many.low < (few.high - few.low) / 5


def test_a_model_that_is_sure_is_expected_to_be_right() -> None:
    found = expected(GRID, GRID.counts([0.001] * 60 + [0.999] * 40), THRESHOLD)
    assert found.n == 100
    for figure in (found.accuracy, found.sensitivity, found.specificity, found.auc):
        assert figure and figure.value > 0.98


def test_a_model_that_knows_nothing_is_expected_to_guess() -> None:
    found = expected(GRID, GRID.counts([0.501] * 50), THRESHOLD)
    assert found.accuracy and found.sensitivity and found.specificity and found.auc
    assert found.accuracy.value == pytest.approx(0.505)
    assert (found.sensitivity.value, found.specificity.value, found.auc.value) == pytest.approx((1, 0, 0.5))


def test_the_same_counts_give_the_same_figures() -> None:
    counts = GRID.counts(probabilities(50))
    assert expected(GRID, counts, THRESHOLD) == expected(GRID, counts, THRESHOLD)


def test_of_no_images_nothing_is_expected() -> None:
    found = expected(GRID, np.zeros(100, np.int64), THRESHOLD)
    assert (found.n, found.accuracy, found.sensitivity, found.specificity, found.auc) == (0, None, None, None, None)
    one = expected(GRID, GRID.counts([0.8]), THRESHOLD).accuracy
    assert one and one.low == one.value == one.high
