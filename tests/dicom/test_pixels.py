"""Stored values: every transfer syntax, byte order, bit depth and disguise of grey."""

import struct
import zlib
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.reading import read
from cxr_core.errors import RejectedFile
from tests.dicom.films import compressed, dataset, dicom, encapsulated, film, gdcm_compressed, picture, to_bytes

DEPTHS = [(8, False), (10, False), (12, False), (12, True), (14, True), (16, False), (16, True)]


def stored(data):
    return read(data).radiograph.pixels


def reason_of(data):
    with pytest.raises(RejectedFile) as refused:
        read(data)
    return refused.value.reason


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_uncompressed_pixels_are_exact(bits, signed, syntax):
    pixels = film(bits=bits, signed=signed)
    assert np.array_equal(stored(dicom(pixels, bits, syntax=syntax)), pixels)


@pytest.mark.parametrize(("bits", "signed", "vr"), [(*depth, "OW") for depth in DEPTHS] + [(8, False, "OB")])
def test_big_endian_pixels_are_exact(bits, signed, vr):
    pixels = film(bits=bits, signed=signed)
    ds = dataset(pixels, bits, syntax=ExplicitVRBigEndian)
    swapped = pixels.tobytes() if vr == "OB" else pixels.view("<u2").byteswap().tobytes()
    ds.PixelData = swapped
    ds["PixelData"].VR = vr
    assert np.array_equal(stored(to_bytes(ds)), pixels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_lossless_compression_is_exact(bits, signed, syntax):
    pixels = film(bits=bits, signed=signed)
    data = compressed(dataset(pixels, bits), syntax)
    assert np.array_equal(stored(data), pixels)
    assert not read(data).radiograph.lossy


@pytest.mark.parametrize("process", ["JPEGLosslessProcess14", "JPEGLosslessProcess14_1"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_jpeg_is_exact(bits, process, tmp_path):
    pixels = film(bits=bits)
    data = gdcm_compressed(dataset(pixels, bits), getattr(gdcm.TransferSyntax, process), tmp_path)
    assert np.array_equal(stored(data), pixels)


def test_baseline_jpeg_is_close_and_counts_as_lossy():
    pixels = film(bits=8)
    data = encapsulated(pixels, picture(pixels, "JPEG", quality=95), JPEGBaseline8Bit)
    assert np.abs(stored(data).astype(int) - pixels).max() < 12
    assert read(data).radiograph.lossy


def test_12_bit_jpeg_is_read():
    """A real one, of a bone scan, that comes with pydicom; the same picture in another lossy JPEG 2000 beside it."""
    extended, reference = (Path(get_testdata_file(name)) for name in ("JPGExtended.dcm", "JPEG2000.dcm"))
    ds = pydicom.dcmread(extended)
    ds.SOPClassUID, ds.Modality, ds.BodyPartExamined = "1.2.840.10008.5.1.4.1.1.1", "CR", "CHEST"
    pixels = stored(to_bytes(ds)).astype(float)
    other = pydicom.dcmread(reference).pixel_array.astype(float)
    assert np.corrcoef(pixels.ravel(), other.ravel())[0, 1] > 0.95


def test_a_stream_that_brings_gdcm_down_is_only_refused():
    """A sampling factor of 0: gdcm 3.2.6 ends the process that it runs in."""
    ds = pydicom.dcmread(get_testdata_file("JPGExtended.dcm"))
    ds.SOPClassUID, ds.Modality, ds.BodyPartExamined = "1.2.840.10008.5.1.4.1.1.1", "CR", "CHEST"
    stream = bytearray(next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)))
    stream[15] = 0
    ds.PixelData = pydicom.encaps.encapsulate([bytes(stream)])
    assert reason_of(to_bytes(ds)) == "undecodable"


def test_high_bits_that_hold_an_old_overlay_are_masked_off():
    pixels = film(bits=12)
    overlay = pixels | ((np.arange(pixels.size).reshape(pixels.shape) % 3 == 0).astype(np.uint16) << 14)
    assert np.array_equal(stored(dicom(overlay)), pixels)


def test_signed_values_get_their_sign_from_their_own_highest_bit():
    pixels = film(bits=12, signed=True)
    overlay = ((pixels.view(np.uint16) & 0x0FFF) | 0x4000).view(np.int16)
    assert np.array_equal(stored(dicom(overlay)), pixels)


def test_values_in_the_upper_bits_are_shifted_down():
    assert np.array_equal(stored(dicom(film(bits=12) << 4, HighBit=15)), film(bits=12))


def test_8_bits_in_16_are_8():
    pixels = film(bits=8)
    found = stored(dicom(pixels.astype(np.uint16), 8))
    assert np.array_equal(found, pixels) and found.dtype == np.uint8


def test_pixels_at_an_odd_place_are_read():
    data = dicom()
    at = data.index(b"\x10\x00\x20\x00LO\x04\x00P-1 ")
    odd = data[:at] + b"\x10\x00\x20\x00LO\x03\x00P-1" + data[at + 12 :]
    assert np.array_equal(stored(odd), film())


def test_pixels_that_fall_short_are_refused():
    assert reason_of(dicom(PixelData=film().tobytes()[:-2])) == "truncated"


@pytest.mark.parametrize("by_plane", [0, 1])
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_grey_in_the_disguise_of_colour_is_grey(syntax, by_plane):
    pixels = film(bits=8)
    tinted = np.stack([pixels, pixels, np.clip(pixels.astype(int) + 3, 0, 255).astype(np.uint8)], axis=-1)
    ds = dataset(tinted, 8)
    if syntax is not None:
        assert np.array_equal(stored(compressed(ds, syntax)), pixels)
        return
    ds.PlanarConfiguration = by_plane
    ds.PixelData = np.moveaxis(tinted, -1, 0).tobytes() if by_plane else tinted.tobytes()
    assert np.array_equal(stored(to_bytes(ds)), pixels)


def test_luma_without_chroma_is_grey():
    pixels = film(bits=8)
    middle = np.full_like(pixels, 128)
    luma = np.stack([pixels, middle, middle], axis=-1)
    assert np.array_equal(stored(dicom(luma, PhotometricInterpretation="YBR_FULL")), pixels)
    assert reason_of(dicom(luma, PhotometricInterpretation="RGB")) == "colour"


def test_grey_in_a_colour_jpeg_is_grey():
    pixels = film(bits=8)
    colours = np.stack([pixels] * 3, axis=-1)
    stream = picture(colours, "JPEG", quality=95)
    data = encapsulated(colours, stream, JPEGBaseline8Bit, PhotometricInterpretation="YBR_FULL_422")
    assert np.abs(stored(data).astype(int) - pixels).max() < 12


def test_colours_are_refused():
    colours = np.stack([film(bits=8), film(bits=8)[::-1], film(bits=8)], axis=-1)
    assert reason_of(dicom(colours)) == "colour"
    assert reason_of(compressed(dataset(colours), RLELossless)) == "colour"
    assert reason_of(dicom(film(bits=8), PhotometricInterpretation="PALETTE COLOR")) == "colour"


def test_a_stream_of_another_size_than_the_header_says_is_refused_unread():
    huge = bytearray(picture(film(bits=8), "JPEG"))
    at = huge.index(b"\xff\xc0") + 5
    huge[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    assert reason_of(encapsulated(film(bits=8), bytes(huge), JPEGBaseline8Bit)) == "undecodable"


def test_a_stream_that_is_cut_off_inside_a_whole_file_is_refused():
    for syntax in (JPEG2000Lossless, JPEGLSLossless):
        ds = dataset(film())
        ds.compress(syntax)
        stream = next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1))
        half = stream[: len(stream) // 2]
        assert reason_of(encapsulated(film(), half, syntax, BitsStored=12, HighBit=11)) == "truncated"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.57"])
def test_what_no_decoder_reads_is_refused(syntax):
    assert reason_of(encapsulated(film(), b"\xff\xd8" + b"no image" * 9, syntax)) in ("undecodable", "truncated")


def test_a_deflated_file_that_unpacks_to_gigabytes_is_stopped():
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(deflate.compress(bytes(2**24)) for _ in range(20)) + deflate.flush()
    data = dicom(syntax=DeflatedExplicitVRLittleEndian)
    meta = data[: 132 + 12 + struct.unpack_from("<L", data, 140)[0]]
    assert reason_of(meta + bomb) == "too_large"
    assert reason_of(data[:-400]) == "truncated"
    assert reason_of(meta + b"\xff" * 500) == "undecodable"
