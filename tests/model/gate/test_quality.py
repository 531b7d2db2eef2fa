"""Which X-rays are good enough to be judged, by what their brightness measures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cxr_core.drift.appearance import measure
from cxr_core.errors import ModelError
from cxr_core.model.gate.quality import Quality, of_shape
from tests.model.chests import phantom_chest

FILMS = [phantom_chest(number, number % 2 == 1, 224) / np.float32(255) for number in range(16)]
FITTED = Quality.fit([measure(film) for film in FILMS])


def codes(image):
    return {objection.code for objection in FITTED.objections(measure(np.clip(image, 0, 1).astype(np.float32)))}


def test_what_it_was_fitted_on_passes_and_so_does_a_film_like_those():
    assert [codes(film) for film in FILMS] == [set()] * len(FILMS)
    assert codes(phantom_chest(77, True, 224) / np.float32(255)) == set()


@pytest.mark.parametrize("gamma", [0.6, 1.6])
@pytest.mark.parametrize("gain", [0.7, 1.2])
def test_another_exposure_within_reason_passes(gamma, gain):
    assert codes(gain * FILMS[0] ** gamma) == set()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda film: film * 0, "flat"),
        (lambda film: 0.5 + 0.02 * (film - 0.5), "flat"),
        (lambda film: 0.1 * film, "black"),
        (lambda film: 0.97 + 0.1 * film, "white"),
        (lambda film: (film > 0.5).astype(np.float32), "saturated"),
        (lambda film: cv2.GaussianBlur(film, (0, 0), 8), "blurred"),
        (lambda film: np.random.default_rng(1).uniform(size=film.shape), "grain"),
        (lambda film: np.pad(film[80:144, 80:144], 80), "border"),
    ],
)
def test_a_film_that_shows_too_little_is_refused_by_name(spoil, code):
    assert code in codes(spoil(FILMS[0]))


def test_a_blank_has_its_reason_in_words():
    (flat, *_) = FITTED.objections(measure(np.zeros((224, 224), np.float32)))
    assert (flat.kind, flat.code) == ("quality", "flat")
    assert "no contrast" in flat.sentence


def test_one_odd_picture_among_those_it_is_fitted_on_opens_no_limit():
    measured = [measure(film) for film in FILMS]
    for odd in (np.zeros((224, 224)), np.ones((224, 224)), np.random.default_rng(1).uniform(size=(224, 224))):
        spoilt = Quality.fit([*measured, measure(odd.astype(np.float32))])
        assert spoilt.objections(measure(odd.astype(np.float32)))
        for name, limit in spoilt.least.items():
            assert limit >= min(found[name] for found in measured) / 2
        for name, limit in spoilt.most.items():
            assert limit <= max(Quality.fit([found, found]).most[name] for found in measured)


@pytest.mark.parametrize(("odd", "share"), [(2, 0.005), (20, 0.05)])
def test_few_blanks_among_400_pictures_open_no_limit(odd, share):
    measured, blank = [measure(film) for film in FILMS], measure(np.zeros((224, 224), np.float32))
    spoilt = Quality.fit([*(measured * 25)[: 400 - odd], *[blank] * odd], share)
    assert {"flat", "black"} <= {objection.code for objection in spoilt.objections(blank)}


def test_at_most_one_in_a_hundred_of_those_it_is_fitted_on_is_refused():
    chance = np.random.default_rng(5)
    spread = [{name: chance.beta(2, 5) for name in measure(FILMS[0])} for _ in range(1000)]
    fitted = Quality.fit(spread)
    assert np.mean([bool(fitted.objections(found)) for found in spread]) <= 0.01


DAMAGE = [
    ("least", {}), ("most", {}), ("least", None), ("most", ["mean"]), ("least", {"mood": 1.0}), ("most", {"mean": 0.9}),
    ("least", {**FITTED.least, "mood": 1.0}), ("most", {**FITTED.most, "border": np.nan}),
    ("most", {**FITTED.most, "border": np.inf}), ("least", {**FITTED.least, "contrast": -np.inf}),
    ("least", {**FITTED.least, "contrast": np.nan}), ("least", {**FITTED.least, "contrast": -0.1}),
    ("least", {**FITTED.least, "contrast": "0.1"}), ("most", {**FITTED.most, "mean": None}),
    ("most", {**FITTED.most, "saturated": 1.5}), ("least", {**FITTED.least, "mean": 0.99}),
]  # fmt: skip
"""A part, and what it says instead: pieces missing or unknown, no numbers, limits that would refuse all or nothing."""


@pytest.mark.parametrize(("part", "damage"), DAMAGE)
def test_damaged_limits_are_refused(part, damage):
    with pytest.raises((ModelError, TypeError)):
        replace(FITTED, **{part: damage})


def test_widened_limits_let_through_what_either_does():
    others = Quality.fit([measure(np.clip(0.2 * film, 0, 1)) for film in FILMS])
    both = FITTED.widened(others)
    for name in both.least:
        assert both.least[name] == min(FITTED.least[name], others.least[name])
    for name in both.most:
        assert both.most[name] == max(FITTED.most[name], others.most[name])


@pytest.mark.parametrize("shape", [(100, 100), (2000, 2500), (127, 384), (3000, 1000)])
def test_any_size_and_shape_that_an_xray_has_passes(shape):
    assert of_shape(shape) == []


@pytest.mark.parametrize(
    ("shape", "code"), [((99, 400), "few_pixels"), ((500, 64), "few_pixels"), ((2500, 500), "strip")]
)
def test_too_few_pixels_and_a_strip_are_refused_with_their_numbers(shape, code):
    (objection,) = of_shape(shape)
    assert objection.code == code
    assert f"{shape[1]} x {shape[0]} pixels" in objection.sentence
