"""The display curve, against pydicom's own modality and VOI LUTs."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from cxr_core.dicom.reading import read
from cxr_core.dicom.tone import from_steps, quantised, to_steps, window
from tests.dicom.films import dataset, dicom, film, picture, to_bytes

DEPTHS = [(8, False), (8, True), (10, False), (12, False), (12, True), (14, True), (16, False), (16, True)]
WINDOWS = [("LINEAR", 0.5, 0.6), ("LINEAR_EXACT", 0.4, 0.9), ("SIGMOID", 0.5, 0.3), (None, 0.6, 0.2)]


def table_of(first, entries, bits, wide="OW"):
    """A LUT item; with `wide` US its data are a list of numbers."""
    item = Dataset()
    count = len(entries) & 0xFFFF
    if first < 0:
        item.add_new("LUTDescriptor", "SS", [count - 65536 if count > 32767 else count, first, bits])
    else:
        item.add_new("LUTDescriptor", "US", [count, first, bits])
    item.add_new("LUTData", wide, entries.astype("<u2").tobytes() if wide == "OW" else entries.tolist())
    return item


def shown(ds):
    radiograph = read(to_bytes(ds)).radiograph
    return radiograph.tone(radiograph.pixels)


def expected(ds, white):
    """0..1 by pydicom, `white` being the output that counts as 1."""
    wide = ds.pixel_array.astype(np.int32)  # in 8 bits, pydicom's own arithmetic overflows
    values = apply_voi_lut(apply_modality_lut(wide, ds), ds).astype(float)
    return values / white


def window_output_range(ds):
    """What pydicom's windowing calls black and white: the range that stored values could take, rescaled."""
    low, high = (-(1 << (ds.BitsStored - 1)), (1 << (ds.BitsStored - 1)) - 1)
    low, high = (low, high) if ds.PixelRepresentation else (0, (1 << ds.BitsStored) - 1)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


@pytest.mark.parametrize("rescale", [None, (1, -1024), (0.5, 3), (2, 0)])
@pytest.mark.parametrize(("function", "centre", "width"), WINDOWS)
@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_windows_agree_with_pydicom(bits, signed, function, centre, width, rescale):
    ds = dataset(film(bits=bits, signed=signed), bits)
    if rescale:
        ds.RescaleSlope, ds.RescaleIntercept = (str(value) for value in rescale)
    low, high = window_output_range(ds)
    ds.WindowCenter = f"{low + centre * (high - low):.6g}"
    ds.WindowWidth = f"{width * (high - low):.6g}"
    if function:
        ds.VOILUTFunction = function
    reference = (apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds) - low) / (high - low)
    assert np.allclose(shown(ds), reference, atol=1e-5)


@pytest.mark.parametrize("wide", ["OW", "US"])
@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_voi_tables_agree_with_pydicom(bits, signed, wide):
    lowest = -(1 << (bits - 1)) if signed else 0
    entries = (np.linspace(0, 1, 1 << bits) ** 2 * 4095).astype(np.uint16)
    ds = dataset(film(bits=bits, signed=signed), bits, VOILUTSequence=[table_of(lowest, entries, 12, wide)])
    assert np.allclose(shown(ds), expected(ds, 4095), atol=1e-5)


def test_a_voi_table_shorter_than_the_range_holds_its_ends():
    ds = dataset(film(), VOILUTSequence=[table_of(1000, np.arange(0, 65536, 32, dtype=np.uint16), 16)])
    assert np.allclose(shown(ds), expected(ds, 65535), atol=1e-5)


def test_the_table_comes_before_the_window_and_the_first_window_before_others():
    entries = np.arange(4096, dtype=np.uint16)[::-1]
    ds = dataset(film(), VOILUTSequence=[table_of(0, entries, 12)], WindowCenter="100", WindowWidth="50")
    assert np.allclose(shown(ds), expected(ds, 4095), atol=1e-5)
    one, several = dataset(film(), WindowCenter="2000", WindowWidth="900"), dataset(film())
    several.WindowCenter, several.WindowWidth = ["2000", "10"], ["900", "20"]
    assert np.array_equal(shown(one), shown(several))


@pytest.mark.parametrize(("bits", "signed"), [(12, False), (12, True), (16, False)])
def test_modality_tables_agree_with_pydicom(bits, signed):
    lowest = -(1 << (bits - 1)) if signed else 0
    entries = (np.sqrt(np.linspace(0, 1, 1 << bits)) * 65535).astype(np.uint16)
    item = table_of(lowest, entries, 16)
    item.ModalityLUTType = "US"
    ds = dataset(film(bits=bits, signed=signed), bits, ModalityLUTSequence=[item])
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = "30000", "40000", "LINEAR_EXACT"
    modality = apply_modality_lut(ds.pixel_array, ds).astype(float)
    assert np.allclose(shown(ds), np.clip((modality - 30000) / 40000 + 0.5, 0, 1), atol=1e-5)


def test_8_bit_table_data_packed_as_bytes_are_read():
    item = table_of(0, np.arange(256, dtype=np.uint16), 8)
    item.LUTData = np.arange(256, dtype=np.uint8)[::-1].tobytes()
    assert np.allclose(shown(dataset(film(bits=8), VOILUTSequence=[item])), 1 - film(bits=8) / 255, atol=1e-5)


@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_without_a_window_the_full_range_of_the_image_is_shown(bits, signed):
    pixels = film(bits=bits, signed=signed)
    image = shown(dataset(pixels, bits))
    wide = pixels.astype(float)
    assert np.allclose(image, (wide - wide.min()) / (wide.max() - wide.min()), atol=1e-5)


def test_padding_does_not_stretch_the_range():
    pixels = film(bits=12) // 2 + 1000
    padded = pixels.copy()
    padded[:9] = 0
    padded[9:12] = 3
    image = shown(dataset(padded, PixelPaddingValue=0, PixelPaddingRangeLimit=5))
    rest = padded[12:]
    assert np.allclose(image[12:], (rest - rest.min()) / (rest.max() - rest.min()), atol=1e-4)
    assert image[:12].max() == 0


def test_a_negative_slope_turns_the_picture_round():
    assert np.allclose(
        shown(dataset(film(), RescaleSlope="-1", RescaleIntercept="4095")), 1 - film() / 4095.0, atol=1e-4
    )


@pytest.mark.parametrize(
    "header",
    [{"WindowCenter": "2000", "WindowWidth": "900"}, {}, {"RescaleSlope": "2", "RescaleIntercept": "-5"}],
)
def test_monochrome1_is_the_negative_after_the_window(header):
    plain = shown(dataset(film(), **header))
    negative = shown(dataset(film(), PhotometricInterpretation="MONOCHROME1", **header))
    assert np.allclose(negative, 1 - plain, atol=1e-4)


@pytest.mark.parametrize(
    "header",
    [
        {"WindowCenter": "2000", "WindowWidth": "0"},
        {"WindowCenter": "2000", "WindowWidth": "-5"},
        {"WindowCenter": "2000"},
        {"WindowCenter": "90000", "WindowWidth": "10"},
        {"RescaleSlope": "0", "RescaleIntercept": "7"},
        {"VOILUTSequence": []},
        {"VOILUTSequence": [Dataset()]},
    ],
)
def test_a_window_that_shows_nothing_counts_as_none(header):
    assert np.array_equal(shown(dataset(film(), **header)), shown(dataset(film())))


def test_values_that_are_no_numbers_count_as_none():
    plain = to_bytes(dataset(film(), WindowCenter="2000", WindowWidth="9000"))
    broken = plain.replace(b"2000", b"soft").replace(b"9000", b"bone")
    radiograph = read(broken).radiograph
    assert np.array_equal(radiograph.tone(radiograph.pixels), shown(dataset(film())))


def test_a_window_of_width_one_is_a_threshold():
    assert window(np.array([1.0, 1.4, 1.6, 3.0]), 2, 1, "LINEAR").tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_table_is_kept_exactly_by_16_bits(bits):
    tone = quantised(np.linspace(0, 1, 1 << bits) ** 0.7, -3)
    again = from_steps(to_steps(tone), tone.lowest)
    assert np.array_equal(again.table, tone.table)
    assert tone.table.dtype == np.float32


def test_the_table_spans_the_values_that_the_image_holds():
    tone = read(dicom(film(bits=12) // 4 + 700, WindowCenter="900", WindowWidth="900")).radiograph.tone
    assert (tone.lowest, len(tone.table)) == (700, 1024)


def test_a_picture_of_8_bits_is_shown_as_it_is():
    pixels = film(bits=8) // 2 + 20
    radiograph = read(picture(pixels)).radiograph
    assert np.allclose(radiograph.tone(radiograph.pixels), pixels / 255, atol=1e-6)
