"""The picture that the viewer draws, unpacked again by what its docstring says."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from cxr_core.dicom.reading import read
from cxr_core.dicom.rendering import to_picture
from cxr_core.model.preprocess import brightness
from tests.dicom.films import dicom, film, picture
from tests.dicom.golden import GOLDEN


def unpacked(data):
    """Stored values, the curve with its lowest value, and the spacing."""
    return values_in(gzip.decompress(data))


def values_in(plain):
    """The same of what a browser has unpacked."""
    magic, rows, columns, lowest, count, *spacing = struct.unpack_from("<4sIIiIff", plain)
    assert magic == b"CXR1"
    curve = np.frombuffer(plain, "<u2", count, 28)
    high, low = np.frombuffer(plain, np.uint8, offset=28 + 2 * count).reshape(2, rows * columns).astype(np.int64)
    values = np.cumsum(256 * high + low) % 65536
    return values.reshape(rows, columns) + lowest, curve, lowest, spacing


FILES = {
    "12 bit": dicom(),
    "12 bit, signed": dicom(film(bits=12, signed=True)),
    "8 bit": dicom(film(bits=8)),
    "8 bit, signed": dicom(film(bits=8, signed=True)),
    "16 bit": dicom(film(bits=16), 16),
    "16 bit, signed": dicom(film(bits=16, signed=True), 16),
    "window": dicom(WindowCenter="2000", WindowWidth="500"),
    "MONOCHROME1": dicom(PhotometricInterpretation="MONOCHROME1"),
    "two values": dicom(np.eye(80, 72, dtype=np.uint16) + 77),
    "PNG": picture(film(bits=8)),
}


@pytest.mark.parametrize("name", FILES)
def test_every_stored_value_and_its_brightness_come_back(name):
    radiograph = read(FILES[name]).radiograph
    values, curve, lowest, spacing = unpacked(to_picture(radiograph))
    assert np.array_equal(values, radiograph.pixels)
    assert np.array_equal(curve[values - lowest], np.rint(radiograph.tone(radiograph.pixels) * 65535))
    assert spacing == [0, 0]


def test_the_spacing_is_told_where_it_is_known():
    *_, spacing = unpacked(to_picture(read(dicom(ImagerPixelSpacing=["0.125", "0.25"])).radiograph))
    assert spacing == [0.125, 0.25]


def test_a_smooth_picture_is_packed_small():
    radiograph = read(dicom(film(400, 300))).radiograph
    assert len(to_picture(radiograph)) < 0.6 * radiograph.pixels.nbytes


@pytest.mark.parametrize("name", GOLDEN)
def test_it_looks_as_the_standard_says_and_the_model_sees_the_same(name):
    golden = GOLDEN[name]
    radiograph = read(golden.data).radiograph
    values, curve, lowest, _ = unpacked(to_picture(radiograph))
    assert np.array_equal(values, golden.stored)
    assert np.array_equal(np.rint(curve[values - lowest] / 257), golden.greys)
    assert np.corrcoef(brightness(radiograph, 224).ravel(), shrunk(golden.brightness).ravel())[0, 1] > 0.99


def shrunk(image):
    return np.asarray(Image.fromarray(image.astype(np.float32)).resize((224, 224), Image.Resampling.BOX))
