"""Where the thorax is: held against phantoms, whose lungs are known to the pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cxr_core.dicom.phantoms.machines import MACHINES
from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.phantoms.thorax import anatomy_of, canvas_of, lungs
from cxr_core.dicom.reading import read
from cxr_core.model import thorax
from cxr_core.model.preprocess import Preprocessing, to_grey

NUMBERS = range(120, 140)
SIZE = 224


@pytest.fixture(scope="module")
def films():
    """n x 224 x 224 as the model sees them, every second with pneumonia."""
    studies = [Phantom(number, number % 2 == 1, rows=SIZE).data for number in NUMBERS]
    return np.stack([to_grey(read(data).radiograph, Preprocessing()) for data in studies])


@pytest.fixture(scope="module")
def lungs_of():
    """n x 224 x 224: 1 where a film shows lung."""

    def one(number):
        machine, anatomy = MACHINES[number % len(MACHINES)], anatomy_of(number)
        canvas = canvas_of(anatomy, (SIZE, SIZE * machine.columns // machine.rows), number)
        return cv2.resize((lungs(canvas, anatomy) > 0.02).astype(np.float32), (SIZE, SIZE))

    return np.stack([one(number) for number in NUMBERS])


def turned(images, degrees):
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), degrees, 1)
    return np.stack([cv2.warpAffine(image, turn, (SIZE, SIZE)) for image in images])


def framed(images):
    """Smaller, in a black border that is wider on one side."""
    small = [cv2.resize(image, (176, 176), interpolation=cv2.INTER_AREA) for image in images]
    return np.stack([np.pad(image, ((20, 28), (28, 20))) for image in small])


SPOILT = {
    "as they are": (lambda films: films, lambda truth: truth),
    "turned left": (lambda films: turned(films, 15), lambda truth: turned(truth, 15)),
    "turned right": (lambda films: turned(films, -15), lambda truth: turned(truth, -15)),
    "in a border": (framed, framed),
    "bright": (lambda films: films**0.4, lambda truth: truth),
    "dark": (lambda films: films**2, lambda truth: truth),
    "flat": (lambda films: 0.4 + 0.2 * films, lambda truth: truth),
    "blurred": (lambda films: np.stack([cv2.GaussianBlur(film, (0, 0), 4) for film in films]), lambda truth: truth),
}


def share_covered(films, truth):
    found = thorax.outlines(films.astype(np.float32)).astype(np.float32)
    large = np.stack([cv2.resize(outline, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST) for outline in found])
    return (large * truth).sum((1, 2)) / truth.sum((1, 2))


@pytest.mark.parametrize("name", SPOILT)
def test_it_holds_the_lungs_however_the_film_was_taken(films, lungs_of, name):
    spoil, follow = SPOILT[name]
    covered = share_covered(spoil(films), follow(lungs_of))
    assert covered.mean() > 0.93
    assert covered.min() > 0.75


def test_it_leaves_out_letters_shoulders_and_what_lies_beside_the_chest(films):
    covered = thorax.coverage(films)
    assert covered[:, 0, 0].max() < 0.5 > covered[:, 0, 6].max()
    assert covered[:, :2, 0].mean() < 0.25 > covered[:, :2, 6].mean()


def test_the_border_around_a_film_is_mostly_no_thorax(films):
    covered = thorax.coverage(framed(films))
    edge = np.concatenate([covered[:, 0], covered[:, 6], covered[:, 1:6, 0], covered[:, 1:6, 6]], axis=1)
    assert edge.mean() < 0.5
    assert covered[:, 0].mean() < 0.4


def test_each_film_is_looked_at_by_itself(films):
    assert np.array_equal(thorax.coverage(films)[3:4], thorax.coverage(films[3:4]))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_where_nothing_is_to_be_seen_it_is_where_chests_usually_are(value):
    (covered,) = thorax.coverage(np.full((1, SIZE, SIZE), value, np.float32))
    assert covered[3, 3] == 1
    assert covered[0, 0] == covered[0, 6] == 0


def test_nothing_is_changed_in_what_was_given(films):
    before = films.copy()
    thorax.coverage(films)
    assert np.array_equal(films, before)
