from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cxr_core.drift.appearance import measure
from cxr_core.drift.catalogue import PICTURES
from cxr_core.errors import BadInput
from cxr_core.records import Floats

SIZE = 224


@pytest.fixture
def chest() -> Floats:
    """A coarse chest: dark surroundings, grey body, dark lungs, bright middle, fine texture and noise."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[-1:1:224j, -1:1:224j]
    body = 0.55 * ((x / 0.9) ** 2 + (y / 1.3) ** 2 < 1)
    lungs = 0.3 * (((np.abs(x) - 0.42) / 0.27) ** 2 + (y / 0.6) ** 2 < 1)
    spine = 0.25 * (np.abs(x) < 0.14)
    texture = 0.3 * gaussian_filter(rng.normal(size=(SIZE, SIZE)), 2)
    image = gaussian_filter(0.08 + body - lungs + spine, 2) + texture + rng.normal(0, 0.004, (SIZE, SIZE))
    return np.asarray(np.clip(image, 0.01, 0.99), dtype=np.float32)


def test_every_statistic_is_a_finite_float_that_is_watched(chest: Floats) -> None:
    values = measure(chest)
    assert list(values) == [signal.name for signal in PICTURES[:-2]]
    assert all(type(value) is float and np.isfinite(value) for value in values.values())


def test_the_image_is_not_changed(chest: Floats) -> None:
    before = chest.copy()
    measure(chest)
    assert np.array_equal(before, chest)


def test_average_contrast_and_percentiles_are_those_of_the_pixels(chest: Floats) -> None:
    values = measure(chest)
    assert values["mean"] == pytest.approx(chest.mean(), abs=1e-5)
    assert values["contrast"] == pytest.approx(chest.std(), abs=1e-5)
    assert values["p01"] == pytest.approx(np.percentile(chest, 1), abs=1e-3)
    assert values["p99"] == pytest.approx(np.percentile(chest, 99), abs=1e-3)


def test_inverting_an_image_flips_its_polarity(chest: Floats) -> None:
    upright, inverted = measure(chest)["polarity"], measure(1 - chest)["polarity"]
    assert upright < -0.2
    assert inverted == pytest.approx(-upright, abs=1e-5)


def test_blur_lowers_sharpness_and_noise(chest: Floats) -> None:
    clear, blurred = measure(chest), measure(gaussian_filter(chest, 1.5))
    assert blurred["sharpness"] < 0.8 * clear["sharpness"]
    assert blurred["noise"] < 0.5 * clear["noise"]


def test_sharpness_is_blind_to_the_width_of_the_window(chest: Floats) -> None:
    assert measure(chest * 0.5 + 0.2)["sharpness"] == pytest.approx(measure(chest)["sharpness"], rel=1e-3)


@pytest.mark.parametrize("sigma", [0.01, 0.03])
def test_noise_is_measured_in_units_of_brightness(chest: Floats, sigma: float) -> None:
    smooth = gaussian_filter(chest, 2)
    noisy = smooth + np.random.default_rng(1).normal(0, sigma, chest.shape).astype(np.float32)
    assert measure(noisy)["noise"] == pytest.approx(sigma, rel=0.1)


def test_lettering_does_not_count_as_noise(chest: Floats) -> None:
    lettered = chest.copy()
    lettered[8:28:2, 180:220] = 0.9
    assert measure(lettered)["noise"] == pytest.approx(measure(chest)["noise"], rel=0.05)


def test_black_margins_are_counted_as_border_and_as_saturated(chest: Floats) -> None:
    framed = chest.copy()
    framed[:, :28] = 0
    framed[-56:] = 0
    values = measure(framed)
    assert measure(chest)["border"] == 0
    assert values["border"] == pytest.approx((28 + 56) / (2 * SIZE))
    assert values["saturated"] == pytest.approx(np.mean(framed == 0))


def test_a_constant_row_inside_the_image_is_no_border(chest: Floats) -> None:
    crossed = chest.copy()
    crossed[100:110] = 0.5
    assert measure(crossed)["border"] == 0


def test_a_flat_image_is_all_border_and_has_no_detail() -> None:
    values = measure(np.full((32, 32), 0.5, np.float32))
    assert values["border"] == 1
    assert values["sharpness"] == values["noise"] == values["contrast"] == values["saturated"] == 0


@pytest.mark.parametrize("shape", [(224, 200), (8, 8), (64,), (3, 64, 64)])
def test_what_is_not_a_square_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="square"):
        measure(np.zeros(shape, np.float32))


def test_stored_pixels_are_refused_because_they_are_not_brightness() -> None:
    with pytest.raises(BadInput, match="uint8"):
        measure(np.zeros((224, 224), np.uint8))
