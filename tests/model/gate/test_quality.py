"""Which X-rays are good enough to be judged, by what their brightness measures."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.drift.appearance import measure
from cxr_core.model.gate.quality import Quality, of_shape
from tests.model.chests import phantom_chest

FILMS = [phantom_chest(number, number % 2 == 1, 224) / np.float32(255) for number in range(6)]
FITTED = Quality.fit([measure(film) for film in FILMS])


def codes(image):
    return {objection.code for objection in FITTED.objections(measure(np.clip(image, 0, 1).astype(np.float32)))}


def test_what_it_was_fitted_on_passes_and_so_does_a_film_like_those():
    assert [codes(film) for film in FILMS] == [set()] * 6
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
        (lambda film: np.kron(film[::56, ::56], np.ones((56, 56))).cumsum(1) / 60, "blurred"),
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
