"""The numbers on a card, against scikit-learn's and against examples done by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, recall_score, roc_auc_score

from cxr_core.model.metrics import (
    auc,
    ece,
    ece_by_chance,
    ece_interval95,
    interval95,
    paired_interval95,
    reliability,
    report,
    roc,
    share_interval95,
    wilson95,
)


def scored(seed, n=200, apart=1.0, ties=False):
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 2, n)
    scores = 1 / (1 + np.exp(-(chance.normal(0, 1, n) + apart * (labels - 0.5))))
    return labels, np.round(scores, 1) if ties else scores


def own_patients(labels):
    return [str(n) for n in range(len(labels))]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_area_under_the_curve_is_scikit_learns(seed, ties):
    labels, scores = scored(seed, ties=ties)
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "apart"), [(40, 1.0), (200, 3.0), (5000, 0.5), (5000, 4.0)])
def test_the_curve_bounds_the_area_with_a_hundred_points_at_most(n, apart, ties):
    labels, scores = scored(3, n, apart, ties)
    points = np.array(roc(labels, scores))
    assert len(points) <= 100
    assert (points[0].tolist(), points[-1].tolist()) == ([0, 0], [1, 1])
    assert (np.diff(points, axis=0) >= 0).all()
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(auc(labels, scores), abs=1e-3)


def test_ties_are_cut_across_and_do_not_depend_on_the_order_of_the_images():
    labels = np.array([0, 1, 0, 1])
    assert roc(labels, np.array([0.5, 0.5, 0.5, 0.5])) == [[0, 0], [1, 1]]
    assert roc(labels, np.array([0.1, 0.5, 0.5, 0.9])) == [[0, 0], [0, 0.5], [0.5, 1], [1, 1]]


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], []])
def test_a_single_class_has_no_curve(labels):
    assert roc(np.array(labels, np.int64), np.linspace(0, 1, len(labels))) == []


def test_the_curve_passes_through_what_the_report_says_at_its_threshold():
    labels, scores = scored(5, 60)
    found = report(labels, scores, own_patients(labels), 0.5)
    corners, there = np.array(found["roc"]), np.array([1 - found["specificity"], found["sensitivity"]])
    # Without ties every piece goes straight up or straight across.
    assert ((corners[:-1] - 1e-4 <= there) & (there <= corners[1:] + 1e-4)).all(1).any()


def test_the_report_is_scikit_learns():
    labels, scores = scored(1)
    found = report(labels, scores, own_patients(labels), 0.4)
    called = scores >= 0.4
    assert found["auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, called))
    assert found["sensitivity"] == pytest.approx(recall_score(labels, called))
    assert found["specificity"] == pytest.approx(recall_score(labels, called, pos_label=0))
    assert found["confusion"] == confusion_matrix(labels, called).tolist()
    expected = classification_report(labels, called, target_names=["Normal", "Pneumonia"], output_dict=True)
    assert found["report"] == expected
    assert json.loads(json.dumps(found)) == found


def test_a_probability_at_the_threshold_is_called_pneumonia():
    found = report(np.array([0, 1]), np.array([0.2, 0.5]), ["a", "b"], 0.5)
    assert found["confusion"] == [[1, 0], [0, 1]]


def test_calibration_error_by_hand():
    # Bin 0.1..0.2: said 0.1, true 0.5, two images. Bin 0.9..1 (1 belongs to it): said 0.95, true 1, two images.
    probabilities, labels = np.array([0.1, 0.1, 0.9, 1.0]), np.array([0, 1, 1, 1])
    assert ece(labels, probabilities) == pytest.approx((2 * 0.4 + 2 * 0.05) / 4)


def test_probabilities_that_come_true_have_hardly_any_calibration_error():
    chance = np.random.default_rng(4)
    said = chance.random(50_000)
    assert ece((chance.random(50_000) < said).astype(int), said) < 0.01


def test_the_interval_contains_the_truth_about_as_often_as_it_says():
    truth = 0.760  # Phi(1 / sqrt 2) for two normals one deviation apart
    held = 0
    for seed in range(50):
        labels, scores = scored(seed, n=120)
        low, high = interval95(auc, labels, scores, own_patients(labels))
        assert low < high
        held += low <= truth <= high
    assert held >= 43


def test_repeated_images_of_a_patient_do_not_narrow_the_interval():
    labels, scores = scored(2, n=80)
    patients = own_patients(labels)
    once = np.ptp(interval95(auc, labels, scores, patients))
    five = np.ptp(interval95(auc, np.tile(labels, 5), np.tile(scores, 5), patients * 5))
    as_if_independent = np.ptp(interval95(auc, np.tile(labels, 5), np.tile(scores, 5), [str(n) for n in range(400)]))
    assert five == pytest.approx(once, rel=0.1)
    assert as_if_independent < 0.6 * once


def test_the_same_data_give_the_same_interval():
    labels, scores = scored(3)
    patients = own_patients(labels)
    assert interval95(auc, labels, scores, patients) == interval95(auc, labels, scores, patients)


def test_a_paired_interval_is_narrower_than_the_two_apart_and_has_the_right_sign():
    labels, scores = scored(5, n=300, apart=1.5)
    worse = scores + np.random.default_rng(0).normal(0, 0.3, 300)
    low, high = paired_interval95(labels, worse, scores, own_patients(labels))
    assert low < auc(labels, worse) - auc(labels, scores) < high <= 0.01
    alone = np.ptp(interval95(auc, labels, scores, own_patients(labels)))
    assert high - low < 2 * alone
    assert paired_interval95(labels, scores, scores, own_patients(labels)) == (0, 0)


@pytest.mark.parametrize("label", [0, 1])
def test_a_single_class_has_no_curve_and_says_so_with_none(label):
    labels = np.full(30, label)
    found = report(labels, np.linspace(0, 1, 30), own_patients(labels), 0.5)
    assert (found["auc"], found["auc_ci95"]) == (None, [None, None])
    assert found[("sensitivity", "specificity")[label]] is None
    assert found["accuracy"] == 0.5
    json.dumps(found, allow_nan=False)


def test_chance_alone_shows_an_error_that_shrinks_with_the_images():
    probabilities = np.random.default_rng(1).uniform(0, 1, 5000)
    few, many = ece_by_chance(probabilities[:100]), ece_by_chance(probabilities)
    assert 0.06 < few < 0.15
    assert many < few / 4
    assert ece_by_chance(np.array([0.0, 1.0])) == 0


def test_true_probabilities_err_as_chance_does():
    random = np.random.default_rng(2)
    probabilities = random.uniform(0, 1, 400)
    errors = [ece((random.random(400) < probabilities).astype(int), probabilities) for _ in range(100)]
    assert np.mean(errors) == pytest.approx(ece_by_chance(probabilities), rel=0.1)


@pytest.mark.parametrize(("sharper", "truth"), [(1.0, 0.0), (0.6, 0.073)])
def test_the_interval_of_a_calibration_error_holds_the_true_one_and_the_figure_itself(sharper, truth):
    """Of perfect probabilities and of too bold ones, in groups of two images of a patient."""
    random, held = np.random.default_rng(7), 0
    for _ in range(20):
        probabilities = random.uniform(0, 1, 100)
        bold = 1 / (1 + ((1 - probabilities) / probabilities) ** sharper)
        labels, said = np.repeat(random.random(100) < bold, 2).astype(int), np.repeat(probabilities, 2)
        low, high = ece_interval95(labels, said, [str(n // 2) for n in range(200)])
        assert 0 <= low <= ece(labels, said) <= high <= 1
        held += low <= truth <= high
    assert held >= 17


def test_an_interval_of_no_error_at_all_is_no_error():
    assert ece_interval95(np.array([0, 1]), np.array([0.0, 1.0]), ["a", "b"]) == (0, 0)


@pytest.mark.parametrize("truth", [0.8, 0.97])
def test_the_interval_of_a_share_holds_the_truth_although_patients_are_all_or_nothing(truth):
    random, patients = np.random.default_rng(8), [str(n // 5) for n in range(600)]
    held, too_sure = 0, 0
    for _ in range(200):
        true = np.repeat(random.random(120) < truth, 5).astype(int)
        low, high = share_interval95(true, patients)
        held += low <= truth <= high
        narrow = wilson95(true.mean(), 600)
        too_sure += not narrow[0] <= truth <= narrow[1]
    assert held >= 183
    assert too_sure >= 40


def test_of_an_image_a_patient_the_interval_of_a_share_is_wilsons():
    true = np.repeat([0, 1], [3, 17])
    assert share_interval95(true, own_patients(true)) == pytest.approx(wilson95(17 / 20, 20))
    assert share_interval95(np.array([0, 1] * 2), ["a", "a", "b", "b"]) == wilson95(0.5, 2)


@pytest.mark.parametrize("value", [0, 1])
def test_a_share_of_all_or_none_is_as_sure_as_there_are_patients(value):
    found = share_interval95(np.full(40, value), ["a", "b", "c", "d"] * 10)
    assert found == wilson95(value, 4)
    assert np.ptp(found) > 0.4
    assert share_interval95(np.array([], int), []) == (0, 1)


def test_reliability_has_a_row_for_each_bin_with_images():
    found = reliability(np.array([0, 1, 1, 1]), np.array([0.02, 0.08, 0.95, 1.0]), ["a", "b", "c", "d"])
    assert [(row["n"], row["said"], row["true"]) for row in found] == [(2, 0.05, 0.5), (2, 0.975, 1.0)]
    assert all(0 <= row["true_ci95"][0] <= row["true"] <= row["true_ci95"][1] <= 1 for row in found)
    assert sum(abs(row["said"] - row["true"]) * row["n"] for row in found) / 4 == pytest.approx(
        ece(np.array([0, 1, 1, 1]), np.array([0.02, 0.08, 0.95, 1.0]))
    )


def test_wilsons_interval_is_the_one_in_the_books():
    assert wilson95(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson95(0, 0) == (0, 1)
