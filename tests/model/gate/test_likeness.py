"""Likeness as arithmetic: on made-up features, without a network."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model.gate.likeness import BEYOND, CHEST, Likeness, features, fit

WIDTH = 40


def crowd(number, centre, count=120, spread=1.0):
    """Features of `count` images around a centre that depends on the kind alone."""
    middle = 5 + centre * np.random.default_rng(number).normal(size=WIDTH)
    return np.maximum(0, middle + spread * np.random.default_rng(number + 99).normal(size=(count, WIDTH)))


@pytest.fixture(scope="module")
def likeness():
    """Chests, and two kinds of strangers; limits set by other chests and other strangers."""
    taught = {"limb": crowd(1, 1.3), CHEST: crowd(0, 0.0), "page": crowd(2, 1.3)}
    return fit(taught).limited_by(
        crowd(0, 0.0, 1200)[200:], np.concatenate((crowd(1, 1.3, 160)[120:], crowd(2, 1.3, 160)[120:]))
    )


def test_features_are_the_roots_of_both_layers_side_by_side():
    found = features(np.full((2, 3), 4.0, np.float32), np.full((2, 5), 9.0, np.float32))
    assert found.tolist() == [[2.0] * 3 + [3.0] * 5] * 2


def test_the_chest_comes_first_whatever_the_order_of_lessons(likeness):
    assert likeness.kinds == (CHEST, "limb", "page")


def test_patients_pass_and_strangers_do_not(likeness):
    assert likeness.admits(likeness.judge(crowd(0, 0.0, 1800)[1200:])).mean() > 0.98
    for number, kind in ((1, "limb"), (2, "page")):
        judged = likeness.judge(crowd(number, 1.3, 400)[160:])
        assert likeness.admits(judged).mean() < 0.02
        assert (judged.logits.argmax(1) == likeness.kinds.index(kind)).mean() > 0.9


def test_what_was_never_painted_is_refused_for_lying_far_away(likeness):
    unseen = crowd(7, 6.0, 50)
    assert not likeness.admits(likeness.judge(unseen)).any()
    assert (likeness.judge(unseen).distance > likeness.farthest).all()


def test_at_most_one_in_a_hundred_of_the_patients_who_set_the_limits_is_refused(likeness):
    patients = crowd(0, 0.0, 1200)[200:]
    judged = likeness.judge(patients)
    assert (judged.strangeness > likeness.usual).mean() <= 0.01
    assert likeness.usual <= likeness.strangest
    assert not (likeness.is_sure_of(judged) & ~likeness.admits(judged)).any()


def test_strangers_that_can_not_be_told_apart_never_tighten_the_limit(likeness):
    patients = crowd(0, 0.0, 1200)[200:]
    confused = likeness.limited_by(patients, patients)
    assert confused.strangest == confused.usual == likeness.usual


def test_one_odd_picture_among_the_patients_who_set_the_limits_opens_none(likeness):
    strangers = np.concatenate((crowd(1, 1.3, 160)[120:], crowd(2, 1.3, 160)[120:]))
    for odd in (crowd(1, 1.3, 1), crowd(7, 6.0, 1)):
        spoilt = likeness.limited_by(np.concatenate((crowd(0, 0.0, 250)[200:], odd)), strangers)
        assert not spoilt.admits(spoilt.judge(odd)).any()


def test_before_patients_have_set_limits_nothing_passes():
    unlimited = fit({CHEST: crowd(0, 0.0), "limb": crowd(1, 1.3)})
    assert not unlimited.admits(unlimited.judge(crowd(0, 0.0, 50))).any()


def test_widened_limits_let_nearly_all_new_patients_through_and_keep_the_old(likeness):
    newcomers = crowd(0, 0.0, 160, spread=1.8)
    wider = likeness.widened(newcomers, 0.05)
    assert likeness.admits(likeness.judge(newcomers)).mean() < 0.8
    assert wider.admits(wider.judge(newcomers)).mean() >= 0.95
    assert (wider.usual >= likeness.usual, wider.strangest >= likeness.strangest) == (True, True)
    assert wider.farthest >= likeness.farthest


@pytest.mark.parametrize("odd", [crowd(1, 1.3, 4), crowd(7, 6.0, 4), np.full((4, WIDTH), 1e4), np.zeros((4, WIDTH))])
def test_a_few_odd_pictures_among_new_patients_widen_nothing(likeness, odd):
    patients = crowd(0, 0.0, 296)[200:]
    assert likeness.widened(np.concatenate((patients, odd)), 0.05) == likeness


def test_however_many_newcomers_are_strangers_the_limit_stays_below_strangers(likeness):
    strangers = crowd(1, 1.3, 300)[160:]
    wider = likeness
    for _ in range(4):
        wider = wider.widened(strangers, 0.05)
    assert wider.strangest == pytest.approx(2 * likeness.strangest - likeness.usual)
    assert wider.admits(wider.judge(strangers)).mean() < 0.1


def test_however_far_the_newcomers_lie_the_limit_on_distance_grows_by_half_at_most(likeness):
    patients = crowd(0, 0.0, 100)
    wider = likeness.widened(np.concatenate((patients, patients[:40] + 1e4)), 0.05)
    assert wider.farthest == pytest.approx(BEYOND * likeness.farthest)


def test_it_survives_json_to_the_bit(likeness):
    values = json.loads(json.dumps(asdict(likeness)))
    again = Likeness(**{**values, "kinds": tuple(values["kinds"])})
    assert again == likeness
    seen = crowd(3, 1.0, 10)
    assert np.array_equal(again.judge(seen).strangeness, likeness.judge(seen).strangeness)


@pytest.mark.parametrize(
    "spoil", [lambda arrays: arrays[:-8], lambda arrays: "?" + arrays, lambda arrays: "AHwA" * 300]
)
def test_damaged_planes_are_refused(likeness, spoil):
    with pytest.raises(ModelError, match="damaged"):
        replace(likeness, arrays=spoil(likeness.arrays))


@pytest.mark.parametrize("name", ["usual", "strangest", "farthest"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "1", None])
def test_limits_that_are_no_numbers_are_refused(likeness, name, value):
    with pytest.raises(ModelError, match="damaged"):
        replace(likeness, **{name: value})


@pytest.mark.parametrize(
    "damage",
    [
        {"usual": 5.0, "strangest": 4.0}, {"farthest": -1.0}, {"kinds": ()}, {"kinds": (CHEST, "limb")},
        {"kinds": ("limb", CHEST, "page")}, {"kinds": (CHEST, "limb", "limb")},
    ],
)  # fmt: skip
def test_limits_and_kinds_that_can_not_be_are_refused(likeness, damage):
    with pytest.raises(ModelError, match="damaged"):
        replace(likeness, **damage)


def test_no_single_feature_decides_however_large(likeness):
    one = crowd(0, 0.0, 1)
    huge = one.copy()
    huge[0, 3] = 1e4
    assert abs(likeness.judge(huge).strangeness - likeness.judge(one).strangeness)[0] < 12
    assert not likeness.admits(likeness.judge(huge))[0], "its distance does"
