"""The picture for the browser."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cxr_core.dicom.reading import read
from cxr_core.dicom.rendering import to_png
from tests.dicom.films import dicom, film, picture


def rendered(data, **options):
    with Image.open(BytesIO(to_png(read(data).radiograph, **options))) as png:
        assert (png.format, png.mode, png.info) == ("PNG", "L", {})
        return np.asarray(png)


@pytest.mark.parametrize(
    "data",
    [
        dicom(), dicom(film(bits=12, signed=True)), dicom(film(bits=8, signed=True)), dicom(film(bits=16), 16),
        dicom(WindowCenter="2000", WindowWidth="500"), dicom(PhotometricInterpretation="MONOCHROME1"),
        picture(film(bits=8)),
    ],
)  # fmt: skip
def test_it_shows_what_the_tone_says(data):
    radiograph = read(data).radiograph
    expected = np.rint(radiograph.tone(radiograph.pixels) * 255)
    assert np.array_equal(rendered(data), expected)


def test_a_large_image_is_shrunk_in_its_own_proportion():
    image = rendered(dicom(film(rows=400, columns=300)), longest_side=100)
    assert image.shape == (100, 75)
    whole = rendered(dicom(film(rows=400, columns=300)))
    means = whole.reshape(100, 4, 75, 4).mean(axis=(1, 3))
    assert np.abs(image - means).max() <= 1


def test_a_small_image_keeps_its_size():
    assert rendered(dicom(), longest_side=2048).shape == film().shape
