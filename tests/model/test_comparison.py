"""The difference of two AUCs on the same images, and its error where patients have several."""

import numpy as np
import pytest

from cxr_core.model.comparison import Difference, difference, images_needed, smallest_margin
from cxr_core.model.metrics import auc, paired_interval95


def drawn(seed, patients=150, each=1, shift=1.5, shared=0.6):
    """Labels, scores of two models and patients: images of a patient are alike, and so are the models."""
    chance = np.random.default_rng(seed)
    labels = np.repeat(np.arange(patients) % 2, each)
    common = np.repeat(chance.normal(size=patients), each)
    own = chance.normal(size=(2, patients * each)) * (1 - shared) ** 0.5
    scores = labels * shift + common * shared**0.5 + own
    return labels.astype(np.int64), scores[0], scores[1], [str(n // each) for n in range(patients * each)]


def test_it_is_the_difference_of_the_aucs():
    labels, one, other, patients = drawn(1)
    found = difference(labels, one, other, patients)
    assert found.value == pytest.approx(auc(labels, one) - auc(labels, other))
    low, high = found.interval95
    assert low < found.value < high


def test_a_model_differs_from_itself_by_nothing_and_ties_count_half():
    labels, one, _, patients = drawn(2)
    assert difference(labels, one, one * 3 + 1, patients) == Difference(0.0, 0.0)
    flat = difference(labels, one, np.zeros(len(labels)), patients)
    assert flat.value == pytest.approx(auc(labels, one) - 0.5)


@pytest.mark.parametrize("patients", [20, 80])
def test_two_that_make_no_error_may_still_differ_by_what_one_more_patient_could_bring(patients):
    labels, *_, names = drawn(2, patients=patients)
    one, other = (labels * 2.0 + np.random.default_rng(seed).uniform(size=patients) for seed in (1, 2))
    found = difference(labels, one, other, names)
    assert found == Difference(0.0, 1 / patients)
    assert smallest_margin(found, 0.8) > 0.02
    twice = difference(np.tile(labels, 2), np.tile(one, 2), np.tile(other, 2), names * 2)
    assert twice == found, "more images of the same patients tell no more"


@pytest.mark.parametrize("each", [1, 3])
def test_the_error_is_that_of_the_bootstrap_over_patients(each):
    labels, one, other, patients = drawn(3, each=each)
    low, high = difference(labels, one, other, patients).interval95
    wanted = paired_interval95(labels, one, other, patients)
    assert (low, high) == pytest.approx(wanted, abs=0.25 * (high - low))


def test_more_images_of_the_same_patients_tell_less_than_images_of_others():
    labels, one, other, patients = drawn(4, each=4, shared=0.2)
    alone = difference(labels, one, other, [str(n) for n in range(len(patients))])
    repeated = np.concatenate([labels] * 4), np.concatenate([one] * 4), np.concatenate([other] * 4)
    together = difference(*repeated, patients * 4)
    assert together.error > 0.8 * difference(labels, one, other, patients).error
    assert difference(*repeated, [str(n) for n in range(4 * len(patients))]).error < 0.6 * alone.error


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for seed in range(200):
        low, high = difference(*drawn(seed + 1000, patients=100, each=2)).interval95
        held += low <= 0 <= high
    assert held >= 182  # of 200 with a chance of 0.95 each; fewer come once in some hundred runs


def test_the_smallest_margin_is_what_an_equal_model_stays_within_that_often():
    error, margin = 0.01, smallest_margin(Difference(0.0, 0.01), 0.8)
    assert margin == pytest.approx(0.0280, abs=1e-4)
    chance = np.random.default_rng(5).normal(0, error, 20_000)
    assert np.mean(chance - 1.96 * error > -margin) == pytest.approx(0.8, abs=0.01)


def test_half_the_margin_takes_four_times_the_images():
    found = Difference(0.0, 0.01)
    margin = smallest_margin(found, 0.8)
    assert images_needed(500, found, margin, 0.8) == pytest.approx(500, abs=1)
    assert images_needed(500, found, margin / 2, 0.8) == pytest.approx(2000, abs=1)
