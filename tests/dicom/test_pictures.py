"""PNG and JPEG files."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cxr_core.dicom.reading import read
from cxr_core.errors import RejectedFile
from tests.dicom.films import film, picture


def reason_of(data):
    with pytest.raises(RejectedFile) as refused:
        read(data)
    return refused.value.reason


def test_8_and_16_bit_png_are_exact():
    for bits in (8, 16):
        radiograph = read(picture(film(bits=bits))).radiograph
        assert np.array_equal(radiograph.pixels, film(bits=bits))
        assert (radiograph.bits, radiograph.source, radiograph.lossy) == (bits, "png", False)


def test_a_jpeg_is_lossy_and_close():
    radiograph = read(picture(film(bits=8), "JPEG", quality=95)).radiograph
    assert np.abs(radiograph.pixels.astype(int) - film(bits=8)).max() < 12
    assert (radiograph.source, radiograph.lossy) == ("jpeg", True)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_grey_saved_as_colour_is_grey(kind):
    pixels = film(bits=8)
    found = read(picture(np.stack([pixels] * 3, axis=-1), kind)).radiograph.pixels
    assert found.ndim == 2
    assert np.abs(found.astype(int) - pixels).max() < 16


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparency_and_palettes_are_read_as_grey(mode):
    grey = Image.fromarray(film(bits=8))
    found = read(picture(np.asarray(grey.convert("L")))).radiograph.pixels
    file = BytesIO()
    grey.convert(mode).save(file, "PNG")
    assert np.array_equal(read(file.getvalue()).radiograph.pixels, found)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colours_are_refused(kind):
    pixels = film(bits=8)
    assert reason_of(picture(np.stack([pixels, pixels[::-1], pixels], axis=-1), kind)) == "colour"


def test_a_small_coloured_mark_is_a_colour():
    colours = np.stack([film(bits=8)] * 3, axis=-1)
    colours[10:14, 10:14] = (255, 0, 0)
    assert reason_of(picture(colours)) == "colour"


def test_a_jpeg_is_turned_as_it_was_looked_at():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(picture(film(bits=8), "JPEG", exif=exif)).radiograph.pixels.shape == film(bits=8).shape[::-1]


@pytest.mark.parametrize("at", [40, 60, 200, 400])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_damaged_file_is_refused_or_read_but_never_crashes(kind, at):
    data = bytearray(picture(film(bits=8), kind))
    data[at : at + 8] = b"\xff\x00\xff\x00\xff\x00\xff\x00"
    try:
        assert read(bytes(data)).radiograph.pixels.size
    except RejectedFile as refused:
        assert refused.reason in ("undecodable", "truncated", "colour", "too_large", "too_small")


def test_a_jpeg_of_thousands_of_passes_is_refused():
    data = picture(film(bits=8), "JPEG", progressive=True)
    start, end = data.index(b"\xff\xda"), data.rindex(b"\xff\xda")
    assert reason_of(data[:start] + data[start : start + 40] * 300 + data[end:]) == "undecodable"


def test_of_two_sizes_in_one_png_the_one_that_is_decoded_counts():
    small = picture(film(bits=8))
    header = b"IHDR" + struct.pack(">IIBBBBB", 13_200, 13_200, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", len(header) - 4) + header + struct.pack(">I", zlib.crc32(header))
    after_its_own = len(b"\x89PNG\r\n\x1a\n") + 25
    assert reason_of(small[:after_its_own] + chunk + small[after_its_own:]) == "too_large"


@pytest.mark.parametrize("size", [(70, 65_536), (65_536, 70)])
def test_a_side_longer_than_dicom_can_say_is_refused(size):
    with pytest.raises(RejectedFile) as refused:
        read(picture(np.zeros(size, np.uint8)))
    assert refused.value.reason == "too_large"
