"""Fingerprints: the same film again is near, another film is not, and no near pair is missed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_core.errors import ModelError
from cxr_core.model.fingerprint import BITS, NEAR, distance, fingerprint, groups, near_pairs
from tests.model.chests import phantom_chest

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "import sys, cxr_core.model.fingerprint; print(sorted({'torch', 'torchvision', 'openvino'} & set(sys.modules)))"
)
NUMBERS = range(300, 312)


def shown(grey):
    return grey.astype(np.float32) / 255


def chest(number, size=128):
    return phantom_chest(number, number % 2 == 1, size)


def opened_again(grey, quality):
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def turned(image, degrees):
    middle = (image.shape[1] / 2, image.shape[0] / 2)
    return cv2.warpAffine(image, cv2.getRotationMatrix2D(middle, degrees, 1), image.shape[::-1])


HARMLESS = {
    "JPEG": lambda image: shown(opened_again(np.round(image * 255).astype(np.uint8), 30)),
    "enlarged": lambda image: cv2.resize(image, (512, 512)),
    "small": lambda image: cv2.resize(image, (100, 100), interpolation=cv2.INTER_AREA),
    "other sides": lambda image: cv2.resize(image, (300, 200), interpolation=cv2.INTER_AREA),
    "darker mid-tones": lambda image: image**1.4,
    "brighter mid-tones": lambda image: image**0.7,
    "wide window": lambda image: 0.2 + 0.3 * image,
    "narrow window": lambda image: np.clip(1.3 * image - 0.15, 0, 1),
    "noise": lambda image: image + np.random.default_rng(0).normal(0, 0.03, image.shape).astype(np.float32),
    "cropped": lambda image: np.ascontiguousarray(image[2:-2, 2:-2]),
    "rotated": lambda image: turned(image, 1),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_the_same_film_again_is_near(change):
    for number in NUMBERS:
        image = shown(chest(number))
        assert distance(fingerprint(image), fingerprint(change(image))) <= NEAR


def test_films_of_different_patients_are_not_near():
    assert near_pairs([fingerprint(shown(chest(number))) for number in NUMBERS]) == []


def test_a_mirror_image_and_a_negative_are_other_pictures():
    image = shown(chest(300))
    for other in (np.ascontiguousarray(image[:, ::-1]), 1 - image):
        assert distance(fingerprint(image), fingerprint(other)) > NEAR


def test_the_same_picture_has_the_same_fingerprint_and_stays_as_it_is():
    image = shown(chest(301, size=64))
    before = image.copy()
    assert fingerprint(image) == fingerprint(image.copy())
    assert len(fingerprint(image)) == BITS // 8
    assert np.array_equal(image, before)


@pytest.mark.parametrize("level", [0, 0.3, 1])
def test_a_flat_picture_is_near_flat_pictures_only(level):
    flat = fingerprint(np.full((224, 300), level, np.float32))
    assert flat == fingerprint(np.full((50, 50), 0.7, np.float32) + np.float32(1e-4) * np.eye(50, dtype=np.float32))
    assert all(distance(flat, fingerprint(shown(chest(number)))) > NEAR for number in NUMBERS)


def test_noise_is_near_no_other_noise():
    chance = np.random.default_rng(1)
    assert near_pairs([fingerprint(chance.random((224, 224), np.float32)) for _ in range(20)]) == []


def flipped(bits, places):
    """The fingerprint with the bits at these places turned over."""
    changed = np.unpackbits(np.frombuffer(bits, np.uint8))
    changed[list(places)] ^= 1
    return np.packbits(changed).tobytes()


@st.composite
def families(draw):
    """Random fingerprints, and relatives about NEAR bits off: both sides of the limit come."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    members = [chance.bytes(BITS // 8) for _ in range(draw(st.integers(0, 4)))]
    for _ in range(draw(st.integers(0, 12)) if members else 0):
        off = chance.choice(BITS, draw(st.sampled_from([0, 1, NEAR // 2, NEAR, NEAR + 1])), replace=False)
        members.append(flipped(members[draw(st.integers(0, len(members) - 1))], off))
    return members


def slowly(fingerprints):
    """All near pairs, by comparing bit for bit."""
    bits = [np.unpackbits(np.frombuffer(each, np.uint8)) for each in fingerprints]
    places = range(len(bits))
    return [(i, j) for i in places for j in places if i < j and np.count_nonzero(bits[i] != bits[j]) <= NEAR]


@settings(deadline=None)
@given(families())
def test_near_pairs_are_those_that_bit_for_bit_comparison_finds(fingerprints):
    assert near_pairs(fingerprints) == slowly(fingerprints)


def test_near_pairs_are_found_across_blocks_and_at_any_distance_of_places():
    chance = np.random.default_rng(2)
    many = [chance.bytes(BITS // 8) for _ in range(700)]
    many[699], many[256], many[255] = (flipped(many[0], range(count)) for count in (NEAR, NEAR + 1, 3))
    assert near_pairs(many) == [(0, 255), (0, 699), (255, 256), (255, 699), (256, 699)]


@settings(deadline=None)
@given(families())
def test_near_pairs_are_in_one_group_and_groups_are_numbered_by_their_first_members(fingerprints):
    numbers = groups(fingerprints)
    assert all(numbers[i] == numbers[j] for i, j in near_pairs(fingerprints))
    assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))


def test_a_chain_is_one_group_though_its_ends_are_not_near():
    chance = np.random.default_rng(3)
    start, stranger = (chance.bytes(BITS // 8) for _ in range(2))
    chain = [flipped(start, range(links * NEAR)) for links in range(4)]
    assert distance(chain[0], chain[3]) > NEAR
    assert groups([chain[0], stranger, chain[3], chain[2], chain[1], stranger]) == [0, 1, 0, 0, 0, 1]


def test_ten_thousand_copies_of_one_film_are_one_group():
    assert set(groups([bytes(BITS // 8)] * 10_000)) == {0}


def test_fingerprints_of_another_length_are_refused():
    with pytest.raises(ModelError, match="64 bytes"):
        near_pairs([bytes(BITS // 8), bytes(32)])


def test_it_loads_no_torch():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
