"""Probabilities that mean what they say, on simulated patients whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model.calibrate import ALPHA, FEWEST_PER_CLASS, Calibration, fit, platt, youden_threshold
from cxr_core.records import Label


def simulated(seed, n, slope=0.5, intercept=-1.0):
    """Logits, and labels drawn with probability sigmoid(slope x logit + intercept)."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(2, 5, n).astype(np.float32)
    return logits, (chance.random(n) < 1 / (1 + np.exp(-(slope * logits + intercept)))).astype(np.int64)


def overlapping(seed, n, apart):
    """n logits of each class, normal around 0 and around `apart`."""
    chance = np.random.default_rng(seed)
    return np.concatenate((chance.normal(0, 1, n), chance.normal(apart, 1, n))), np.repeat((0, 1), n)


@pytest.mark.parametrize(("slope", "intercept"), [(0.5, -1.0), (1.0, 0.0), (2.0, 3.0), (0.1, 0.3)])
def test_platt_scaling_finds_the_slope_and_the_intercept(slope, intercept):
    found = platt(*simulated(1, 40_000, slope, intercept))
    assert found == pytest.approx((slope, intercept), rel=0.08, abs=0.05)


def test_platt_scaling_stays_finite_where_the_classes_do_not_overlap():
    slope, intercept = platt(np.repeat((-9.0, 9.0), 30), np.repeat((0, 1), 30))
    assert 0 < slope < 5
    assert abs(intercept) < 1


def test_a_network_that_has_it_backwards_gets_no_negative_slope():
    logits, labels = overlapping(3, 200, apart=2)
    assert platt(-logits, labels)[0] > 0


def test_calibrated_probabilities_come_true():
    calibration = fit(*simulated(2, 20_000))
    logits, labels = simulated(3, 20_000)
    probability = calibration.probability(logits)
    for low in np.arange(0, 1, 0.1):
        chosen = (probability >= low) & (probability < low + 0.1)
        assert labels[chosen].mean() == pytest.approx(probability[chosen].mean(), abs=0.04)


@pytest.mark.parametrize("apart", [0.5, 2, 6])
@pytest.mark.parametrize("n", [19, 60, 400])
def test_each_class_is_called_the_other_in_at_most_one_of_twenty(n, apart):
    wrong = {0: [], 1: []}
    for seed in range(60):
        calibration = fit(*overlapping(seed, n, apart))
        logits, labels = overlapping(1000 + seed, 300, apart)
        said = np.array([calibration.label(p) for p in calibration.probability(logits)])
        for truth, other in ((0, Label.PNEUMONIA), (1, Label.NORMAL)):
            wrong[truth].append((said[labels == truth] == other).mean())
    assert np.mean(wrong[0]) <= ALPHA + 0.01
    assert np.mean(wrong[1]) <= ALPHA + 0.01


def test_clear_cases_are_answered_and_muddled_ones_are_not():
    clear, muddled = fit(*overlapping(1, 300, apart=6)), fit(*overlapping(1, 300, apart=0.3))
    for calibration, logits, least, most in ((clear, (-1.0, 7.0), 1, 1), (muddled, (0.1, 0.2), 0, 0)):
        answers = [calibration.label(p) is not Label.UNCERTAIN for p in calibration.probability(np.array(logits))]
        assert least <= np.mean(answers) <= most


@pytest.mark.parametrize("apart", [0, 1, 3, 8])
def test_the_threshold_lies_within_the_band(apart):
    for seed in range(10):
        found = fit(*overlapping(seed, 40, apart))
        assert 0 <= found.normal_up_to <= found.threshold <= found.pneumonia_from <= 1


@pytest.mark.parametrize(("normal", "pneumonia"), [(18, 100), (100, 18), (0, 40), (0, 0)])
def test_too_few_images_of_a_class_are_refused_with_the_numbers(normal, pneumonia):
    labels = np.repeat((0, 1), (normal, pneumonia))
    with pytest.raises(
        ModelError, match=f"{FEWEST_PER_CLASS} images of each class; there are {min(normal, pneumonia)} "
    ):
        fit(np.zeros(len(labels)), labels)


def test_just_enough_images_will_do():
    fit(*overlapping(1, FEWEST_PER_CLASS, apart=2))


def test_the_threshold_is_the_middle_of_the_gap_between_the_classes():
    assert youden_threshold(np.array([0.1, 0.9, 0.3, 0.7]), np.array([0, 1, 0, 1])) == pytest.approx(0.5)


def test_no_threshold_does_better_than_youdens():
    logits, labels = overlapping(5, 200, apart=1)
    probability = Calibration(1, 0, 0.5, 0.5, 0.5).probability(logits)

    def quality(at):
        return (probability[labels == 1] >= at).mean() + (probability[labels == 0] < at).mean()

    assert quality(youden_threshold(probability, labels)) == pytest.approx(max(quality(p) for p in probability))


@pytest.mark.parametrize(
    ("probability", "label"),
    [
        (0.0, "Normal"),
        (0.3, "Normal"),
        (0.3001, "Uncertain"),
        (0.6999, "Uncertain"),
        (0.7, "Pneumonia"),
        (1.0, "Pneumonia"),
    ],
)
def test_the_edges_of_the_band_belong_to_the_answers(probability, label):
    assert Calibration(1, 0, 0.5, 0.3, 0.7).label(probability) == label


def test_extreme_logits_give_0_and_1_without_a_warning():
    with np.errstate(over="raise", invalid="raise"):
        assert Calibration(1, 0, 0.5, 0.3, 0.7).probability(np.array([-800.0, 800.0])).tolist() == [0, 1]
