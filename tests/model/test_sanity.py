"""The check with randomised weights: what has learnt passes it, what hasn't fails it."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.model import sanity
from cxr_core.model.examples import Examples, as_bytes
from cxr_core.model.network import new_network
from cxr_core.model.preprocess import Preprocessing, to_grey

RULE = Preprocessing()
EACH = 5


@pytest.fixture(scope="module")
def films():
    """Synthetic X-rays, both classes in turn, a patient each."""
    studies = [Phantom(number, number % 2 == 1, rows=128).data for number in range(100, 100 + 2 * EACH)]
    grey = np.stack([to_grey(read(data).radiograph, RULE) for data in studies])
    return of_patients(as_bytes(grey), np.arange(2 * EACH) % 2, range(2 * EACH))


def of_patients(grey, labels, patients):
    return Examples(grey, labels, [str(patient) for patient in patients])


@pytest.fixture(scope="module")
def of_shipped(shipped, films):
    return sanity.check(shipped.network, films, RULE)


def test_the_shipped_network_shows_what_it_has_learnt(shipped, of_shipped):
    assert of_shipped.passed
    assert shipped.card.heatmap_check.passed


def test_every_stage_is_randomised_and_draws_another_picture(of_shipped):
    assert tuple(of_shipped.similarity) == sanity.STAGES
    assert all(0 <= value < sanity.ALIKE for value in of_shipped.similarity.values())
    assert of_shipped.contrast > sanity.TIMES * of_shipped.contrast_randomised > 0


@pytest.mark.parametrize("seed", [1, 6])
def test_a_network_of_random_weights_fails(films, seed):
    found = sanity.check(new_network("none", seed).eval(), films, RULE)
    assert not found.passed
    assert found.contrast < found.contrast_randomised * sanity.TIMES


def test_it_changes_nothing_in_the_network_and_says_the_same_again(shipped, films, of_shipped):
    before = {name: tensor.clone() for name, tensor in shipped.network.state_dict().items()}
    again = sanity.check(shipped.network, films, RULE)
    assert again.similarity == pytest.approx(of_shipped.similarity)
    assert (again.contrast, again.passed) == (pytest.approx(of_shipped.contrast), of_shipped.passed)
    assert all((tensor == before[name]).all() for name, tensor in shipped.network.state_dict().items())


def test_few_of_many_images_are_enough(shipped, films):
    many = of_patients(np.repeat(films.grey[:2, ::7, ::7], 40, axis=0), np.repeat(films.labels[:2], 40), range(80))
    assert sanity.check(shipped.network, many, Preprocessing(size=32)).images == 2 * sanity.EACH


def test_an_even_map_is_like_no_other():
    even, sloping = np.ones((1, 7, 7)), np.arange(49.0).reshape(1, 7, 7)
    assert sanity._similarity(even, sloping) == sanity._similarity(sloping, even) == 0
    assert sanity._similarity(sloping, sloping * 3) == pytest.approx(1)


def test_a_negative_is_as_much_the_same_picture_and_so_are_a_picture_and_its_negative():
    sloping = np.arange(49.0).reshape(1, 7, 7)
    both = np.concatenate((sloping, -sloping))
    assert sanity._similarity(sloping, -sloping) == pytest.approx(1)
    assert sanity._similarity(both, both[::-1]) == pytest.approx(1)


def test_rounds_that_agree_in_opposite_ways_count_as_the_one_that_agrees_most():
    own, turned = np.arange(49.0).reshape(1, 7, 7), np.arange(49.0).reshape(1, 7, 7).swapaxes(1, 2)
    rounds = [(stage, maps) for maps in (own, -own) for stage in sanity.STAGES]
    assert sanity._similarities(own, rounds) == pytest.approx(dict.fromkeys(sanity.STAGES, 1))
    once = [(stage, maps) for maps in (turned, -own) for stage in sanity.STAGES]
    assert min(sanity._similarities(own, once).values()) == pytest.approx(1)


def test_each_patient_has_one_image_of_a_class_looked_at():
    labels = np.array([1, 1, 1, 0, 1, 0, 0])
    assert sanity._chosen(of_patients(np.zeros((7, 8, 8), np.uint8), labels, "bbabcdd")).tolist() == [3, 5, 0, 2, 4]


def test_images_of_few_patients_are_few_images(shipped, films):
    of_two = of_patients(films.grey, films.labels, [1, 2] * EACH)
    assert sanity.check(shipped.network, of_two, RULE).images == 2
