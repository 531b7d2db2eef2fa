"""Forced answers over all images, and those that the model chose to give."""

from __future__ import annotations

import numpy as np

from cxr_core.model.assess import assess, coverage
from cxr_core.model.calibrate import Calibration
from cxr_core.model.examples import Examples
from cxr_core.model.metrics import wilson95

BAND = Calibration(1, 0, threshold=0.5, normal_up_to=0.3, pneumonia_from=0.7)


def judged_by(probabilities, labels, judged=None):
    p = np.array(probabilities)
    examples = Examples(np.zeros((len(p), 1, 1), np.uint8), np.array(labels), [str(n) for n in range(len(p))])
    return assess(BAND, np.log(p / (1 - p)), examples, judged)


def test_the_report_covers_all_and_the_selective_part_those_answered():
    found = judged_by([0.1, 0.2, 0.4, 0.6, 0.8, 0.9], [0, 1, 1, 1, 0, 1])
    assert (found["n"], found["accuracy"]) == (6, 0.5)
    assert (found["selective"]["n"], found["selective"]["accuracy"]) == (4, 0.5)
    assert found["selective"]["auc"] == 0.75
    assert found["uncertain_rate"] == 2 / 6


def test_what_the_gate_keeps_back_is_neither_answered_nor_uncertain():
    judged = np.array([True, False, True, False, True, True])
    found = judged_by([0.1, 0.2, 0.4, 0.6, 0.8, 0.9], [0, 1, 1, 1, 0, 1], judged)
    assert found["n"] == 6
    assert found["selective"]["n"] == 3
    assert found["uncertain_rate"] == 1 / 4


def test_a_model_that_answers_nothing_has_no_selective_figures():
    found = judged_by([0.5, 0.5], [0, 1])
    assert found["selective"] == {"n": 0, "auc": None, "accuracy": None}
    assert found["uncertain_rate"] == 1


def test_coverage_counts_for_each_class_the_images_that_are_not_called_the_other():
    found = judged_by([0.1, 0.4, 0.9, 0.2, 0.6, 0.8], [0, 0, 0, 1, 1, 1])["coverage"]
    assert found["Normal"]["covered"] == found["Pneumonia"]["covered"] == 2 / 3
    low, high = found["Normal"]["covered_ci95"]
    assert 0 <= low < 2 / 3 < high <= 1
    assert (found["Normal"]["n"], found["Normal"]["patients"]) == (3, 3)


def test_images_of_one_child_make_its_coverage_no_surer():
    children = [f"{number // 10}" for number in range(100)]
    examples = Examples(np.zeros((100, 1, 1), np.uint8), np.zeros(100, np.int64), children)
    found = coverage(BAND, np.full(100, 0.1), examples)
    assert (found["Normal"]["n"], found["Normal"]["patients"], found["Normal"]["covered"]) == (100, 10, 1)
    assert tuple(found["Normal"]["covered_ci95"]) == wilson95(1, 10)
    assert found["Pneumonia"] == {"n": 0, "patients": 0, "covered": None, "covered_ci95": [0, 1]}
