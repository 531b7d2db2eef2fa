"""What the gate learns from: painted strangers, and X-rays that were changed or spoilt."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.model.examples import as_bytes
from cxr_core.model.gate import lessons, strangers
from cxr_core.model.preprocess import Preprocessing, stretch
from tests.model.chests import phantom_chest

RULE = Preprocessing(size=64)


@pytest.fixture(scope="module")
def grey():
    films = [phantom_chest(number, number % 2 == 1, 64) / np.float32(255) for number in range(8)]
    return np.stack([as_bytes(stretch(film, RULE)) for film in films])


@pytest.mark.parametrize("kind", strangers.KINDS)
def test_a_stranger_is_the_same_for_the_same_number_and_another_for_another(kind):
    one, same, other = (strangers.paint(kind, number, 64) for number in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.shape == (64, 64)
    assert np.isfinite(one).all()


def test_painted_strangers_come_by_kind_as_the_model_sees_pictures():
    found = lessons.painted(2, RULE, first=5)
    assert set(found) == set(strangers.KINDS)
    assert {(pictures.shape, pictures.dtype.name) for pictures in found.values()} == {((2, 64, 64), "uint8")}
    assert np.array_equal(lessons.painted(1, RULE, first=6)["page"][0], found["page"][1])


def test_turned_xrays_are_those_xrays_turned_or_mirrored_and_turned(grey):
    found = lessons.misplaced(grey, RULE, seed=1)
    for quarters, kind in lessons.TURNS.items():
        upright = np.rot90(found[kind], -quarters, (1, 2)).astype(int)
        assert all(_nearest(image, grey) < 6 for image in upright)


def test_negatives_are_brighter_where_the_xray_is_darker(grey):
    found = 255 - lessons.misplaced(grey, RULE, seed=1)[lessons.NEGATIVE].astype(int)
    assert all(min(_nearest(np.rot90(image, turn), grey) for turn in range(4)) < 6 for image in found)


def test_a_broken_xray_is_near_to_none_of_them(grey):
    found = lessons.broken(grey, RULE, seed=1)[lessons.BROKEN].astype(int)
    assert len(found) == len(grey)
    assert all(_nearest(image, grey) > 12 for image in found)


def test_the_same_seed_gives_the_same_lessons_and_the_xrays_stay_as_they_were(grey):
    before = grey.copy()
    for make in (lessons.misplaced, lessons.broken, lessons.chests):
        one, same = make(grey, RULE, 7), make(grey, RULE, 7)
        assert all(np.array_equal(one[kind], same[kind]) for kind in one)
    assert np.array_equal(grey, before)


def test_chests_are_taught_as_they_are_and_varied(grey):
    found = lessons.chests(grey, RULE, 7)["chest"]
    assert len(found) == 2 * len(grey)
    assert all(any(np.array_equal(image, original) for original in grey) for image in found[: len(grey)])


def _nearest(image, grey):
    """Mean difference in levels from the nearest of the X-rays, mirrored or not."""
    stretched = np.concatenate((grey, grey[..., ::-1])).astype(int)
    return np.abs(stretched - image).mean((1, 2)).min()
