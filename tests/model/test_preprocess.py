"""From stored pixels to what the network sees."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model.examples import as_bytes
from cxr_core.model.preprocess import Preprocessing, brightness, squeeze, stretch, to_grey
from cxr_core.records import Radiograph, Tone
from cxr_core.work.models.gathering import Labelled, prepare
from tests.model.chests import PLAIN, chest, plain

RULE = Preprocessing()


def ramp_tone(lowest, highest):
    """Brightness from 0 at `lowest` to 1 at `highest`."""
    return Tone(np.linspace(0, 1, highest - lowest + 1, dtype=np.float32), lowest)


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
@pytest.mark.parametrize("shape", [(448, 672), (896, 448), (224, 224), (100, 150)])
def test_nothing_is_cropped_a_bright_spot_in_a_corner_stays_in_that_corner(shape, corner):
    pixels = np.zeros(shape, np.uint8)
    rows, columns = (slice(0, 6) if end == 0 else slice(-6, None) for end in corner)
    pixels[rows, columns] = 255
    shown = brightness(plain(pixels), 224)
    assert shown.shape == (224, 224)
    assert shown[corner] == 1
    assert shown[112, 112] == 0


def test_a_film_that_is_not_square_is_squeezed_as_a_whole():
    pixels = np.zeros((200, 400), np.uint8)
    pixels[:, 200:] = 255
    shown = squeeze(pixels, 100)
    assert shown.shape == (100, 100)
    assert (shown[:, :50] == 0).all()
    assert (shown[:, 50:] == 255).all()


def test_shrinking_takes_the_mean_over_areas():
    pixels = np.random.default_rng(1).integers(0, 4096, (128, 96)).astype(np.uint16)
    means = pixels.reshape(32, 4, 32, 3).mean((1, 3))
    assert np.abs(squeeze(pixels, 32).astype(float) - means).max() <= 0.5


@pytest.mark.parametrize(("gain", "offset"), [(0.4, 0.3), (0.9, 0.0), (1.0, 0.0)])
def test_the_stretch_undoes_any_linear_change_of_exposure(gain, offset):
    image = chest(1, True).astype(np.float32) / 255
    assert np.allclose(stretch(image * gain + offset, RULE), stretch(image, RULE), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (32, 32), (224, 224)])
@pytest.mark.parametrize("ends", [(0.5, 99.5), (0, 100), (12.3, 50), (49.9, 87.65)])
def test_the_stretch_is_numpys_percentiles_to_the_last_bit(shape, ends):
    image = np.random.default_rng(shape[0]).random(shape, np.float32) ** 3
    low, high = np.percentile(image, ends)
    rule = Preprocessing(low_percentile=ends[0], high_percentile=ends[1])
    expected = np.clip((image - low) / (high - low), 0, 1).astype(np.float32) if high > low else np.zeros_like(image)
    assert np.array_equal(stretch(image, rule), expected)


def test_the_stretch_puts_the_percentiles_at_the_ends():
    grey = stretch(np.linspace(0.2, 0.6, 224 * 224, dtype=np.float32).reshape(224, 224), RULE)
    assert (grey.min(), grey.max()) == (0, 1)
    assert np.isclose((grey == 0).mean(), 0.005, atol=1e-3)
    assert np.isclose((grey == 1).mean(), 0.005, atol=1e-3)


def test_a_flat_image_becomes_zeros_and_no_division_fails():
    grey = to_grey(plain(np.full((300, 300), 130, np.uint8)), RULE)
    assert not grey.any()
    assert grey.dtype == np.float32


@pytest.mark.parametrize(
    ("kind", "gain", "offset"),
    [
        ("u1", 1, 0),
        ("i1", 0.5, -60),
        ("u2", 250, 0),
        ("i2", 200, -25000),
        ("i4", 200, -25000),
        ("f4", 1, 0),
        ("f8", 1, 0),
    ],
)
@pytest.mark.parametrize("size", [150, 500])
def test_every_type_of_stored_value_gives_the_same_picture(kind, gain, offset, size):
    picture = chest(3, True, size).astype(float)
    pixels = np.round(picture * gain + offset).astype(kind)
    tone = ramp_tone(round(offset), round(255 * gain + offset))
    found = to_grey(Radiograph(pixels, tone, "dicom"), RULE)
    assert found.shape == (224, 224)
    assert found.dtype == np.float32
    assert np.abs(found - to_grey(plain(picture.astype(np.uint8)), RULE)).max() < 0.03


def test_an_inverted_film_is_the_same_film():
    pixels = chest(4, False, 300)
    inverted = Tone(PLAIN.table[::-1].copy(), 0)
    shown = to_grey(Radiograph(255 - pixels, inverted, "dicom"), RULE)
    assert np.abs(shown - to_grey(plain(pixels), RULE)).max() < 0.01


@pytest.mark.parametrize("size", [224, 300])
def test_the_stored_pixels_are_left_as_they_are(size):
    pixels = chest(5, True, size)
    pixels.setflags(write=False)
    before = pixels.copy()
    to_grey(plain(pixels), RULE)
    assert np.array_equal(pixels, before)


def test_training_and_serving_see_the_same_picture():
    films = [plain(chest(number, number % 2 == 0, size)) for number, size in enumerate((224, 180, 400, 333))]
    prepared = prepare((Labelled(film, 0, str(n)) for n, film in enumerate(films)), RULE)
    served = np.stack([to_grey(film, RULE) for film in films])
    assert prepared.examples.grey.dtype == np.uint8
    assert np.abs(prepared.examples.grey / 255 - served).max() <= 1 / 255
    assert np.array_equal(prepared.examples.grey, as_bytes(served))


def test_a_rule_survives_the_card():
    rule = Preprocessing(size=128, low_percentile=1, high_percentile=99)
    assert Preprocessing.from_dict(rule.as_dict()) == rule


@pytest.mark.parametrize(
    "wrong",
    [{"geometry": "crop"}, {"size": 16}, {"low_percentile": 60, "high_percentile": 40}, {"high_percentile": 101}],
)
def test_a_rule_that_this_program_can_not_follow_is_refused(wrong):
    with pytest.raises(ModelError):
        Preprocessing(**wrong)
