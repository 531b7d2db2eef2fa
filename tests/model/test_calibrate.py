"""Probabilities that mean what they say, on simulated patients whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model.calibrate import (
    ALPHA,
    ENOUGH_TO_GUARANTEE,
    FEWEST_PER_CLASS,
    SENSITIVITY,
    Calibration,
    platt,
    threshold_for,
)
from cxr_core.model.calibrate import fit as fit_for
from cxr_core.records import Label

WEIGHTS = "f" * 64


def fit(logits, labels):
    """A calibration of some weights."""
    return fit_for(logits, labels, WEIGHTS)


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
        assert 0 <= found.normal_up_to < found.threshold <= found.pneumonia_from <= 1


@pytest.mark.parametrize("apart", [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])
def test_no_forced_answer_on_a_calibration_image_contradicts_its_label(apart):
    for seed in range(20):
        for n in (19, 60):
            logits, labels = overlapping(seed, n, apart)
            assert contradictions(fit(logits, labels), logits) == 0


@pytest.mark.parametrize("logit", [-30.0, 0.0, 30.0, 5000.0])
def test_images_that_are_all_the_same_get_one_answer_and_no_contradiction(logit):
    logits, labels = np.full(60, logit), np.repeat((0, 1), 30)
    found = fit(logits, labels)
    assert found.normal_up_to < found.threshold <= found.pneumonia_from
    assert contradictions(found, logits) == 0


def contradictions(calibration, logits):
    """How many images are answered with one class and called the other where an answer is forced."""
    probabilities = calibration.probability(logits)
    answered = {Label.NORMAL: False, Label.PNEUMONIA: True}
    labels = [calibration.label(float(p)) for p in probabilities]
    return sum(
        answered.get(label, p >= calibration.threshold) != (p >= calibration.threshold)
        for label, p in zip(labels, probabilities, strict=True)
    )


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"slope": np.nan}, "slope nan"),
        ({"slope": np.inf}, "slope inf"),
        ({"slope": 0.0}, "slope 0.0"),
        ({"slope": -1.0}, "slope -1.0"),
        ({"intercept": np.nan}, "intercept nan"),
        ({"intercept": -np.inf}, "intercept -inf"),
        ({"threshold": np.nan}, "Pneumonia from nan"),
        ({"threshold": 0.29}, "from 0.29"),
        ({"threshold": 0.71}, "from 0.71"),
        ({"normal_up_to": 0.8}, "up to 0.8"),
        ({"normal_up_to": -0.1}, "up to -0.1"),
        ({"normal_up_to": -np.inf}, "up to -inf"),
        ({"pneumonia_from": 0.2}, "Pneumonia from 0.2"),
        ({"pneumonia_from": 1.1}, "Pneumonia from 1.1"),
        ({"pneumonia_from": np.inf}, "Pneumonia from inf"),
    ],
)
def test_a_calibration_that_can_not_be_is_refused_with_its_numbers(spoilt, said):
    with pytest.raises(ModelError, match=said):
        replace(Calibration(1, 0, 0.5, 0.3, 0.7), **spoilt)


def test_limits_that_coincide_are_no_damage():
    assert Calibration(1, 0, 0.5, 0.5, 0.5).label(0.51) is Label.PNEUMONIA
    assert Calibration(1, 0, 0.3, 0.3, 0.7).label(0.31) is Label.UNCERTAIN


@pytest.mark.parametrize(("normal", "pneumonia"), [(18, 100), (100, 18), (0, 40), (0, 0)])
def test_too_few_images_of_a_class_are_refused_with_the_numbers(normal, pneumonia):
    labels = np.repeat((0, 1), (normal, pneumonia))
    with pytest.raises(
        ModelError, match=f"{FEWEST_PER_CLASS} images of each class; there are {min(normal, pneumonia)} "
    ):
        fit(np.zeros(len(labels)), labels)


def test_just_enough_images_will_do():
    found = fit(*overlapping(1, FEWEST_PER_CLASS, apart=2))
    assert (found.normal, found.pneumonia) == (FEWEST_PER_CLASS, FEWEST_PER_CLASS)


@pytest.mark.parametrize(("sensitivity", "missed"), [(1.0, 0), (0.95, 1), (0.9, 2), (0.5, 10)])
def test_the_threshold_is_the_highest_that_keeps_the_sensitivity(sensitivity, missed):
    pneumonia = np.linspace(0.2, 0.96, 20)
    probability, labels = np.concatenate((pneumonia, [0.01, 0.1])), np.repeat((1, 0), (20, 2))
    found = threshold_for(sensitivity, probability, labels)
    assert (pneumonia < found).sum() == missed
    assert pneumonia[missed] > found


def test_no_image_lies_at_the_threshold():
    logits, labels = overlapping(5, 200, apart=1)
    probability = Calibration(1, 0, 0.5, 0.5, 0.5).probability(logits)
    found = threshold_for(0.9, probability, labels)
    above, below = probability[probability > found], probability[probability < found]
    assert above.min() - found == pytest.approx(found - below.max())


def test_new_patients_see_about_the_sensitivity_that_was_asked_for():
    reached = []
    for seed in range(40):
        found = fit(*overlapping(seed, 400, apart=4))
        logits, labels = overlapping(900 + seed, 400, apart=4)
        reached.append((found.probability(logits[labels == 1]) >= found.threshold).mean())
    assert np.mean(reached) == pytest.approx(SENSITIVITY, abs=0.012)


@pytest.mark.parametrize("apart", [0.3, 1, 4])
def test_the_stated_sensitivity_is_that_of_the_threshold(apart):
    logits, labels = overlapping(3, 200, apart)
    found = fit(logits, labels)
    assert found.sensitivity == (found.probability(logits[labels == 1]) >= found.threshold).mean()


@pytest.mark.parametrize(("normal", "pneumonia", "guaranteed"), [(499, 900, False), (500, 500, True), (900, 20, False)])
def test_only_many_images_of_each_class_speak_of_a_guarantee(normal, pneumonia, guaranteed):
    assert ENOUGH_TO_GUARANTEE == 500
    assert Calibration(1, 0, 0.5, 0.3, 0.7, normal, pneumonia).guarantees is guaranteed


def test_it_says_what_it_was_fitted_on():
    found = fit(*overlapping(1, 60, apart=2))
    assert (found.normal, found.pneumonia, found.weights_sha256) == (60, 60, WEIGHTS)


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
