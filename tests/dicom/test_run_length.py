"""RLE against pydicom's encoder and the worked example of the scheme."""

import struct

import numpy as np
import pytest
from pydicom.pixels.encoders import RLELosslessEncoder

from cxr_core.dicom.layout import Layout
from cxr_core.dicom.run_length import decode
from cxr_core.errors import RejectedFile


def layout(rows, columns, samples=1, allocated=8):
    return Layout(rows, columns, samples, allocated, allocated, allocated - 1, False, "MONOCHROME2", False)


def stream(*segments):
    offsets = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
    return struct.pack("<16L", len(segments), *offsets, *[0] * (15 - len(segments))) + b"".join(segments)


def test_runs_literals_and_idle_bytes():
    """PackBits' well-known example: FE AA 02 80 00 2A FD AA 03 80 00 2A 22 F7 AA, with an idle 80 put in."""
    packed = bytes.fromhex("FEAA0280002AFDAA80038000 2A22F7AA".replace(" ", ""))
    unpacked = bytes.fromhex("AAAAAA80002AAAAAAAAA80002A22AAAAAAAAAAAAAAAAAAAA")
    assert decode(stream(packed), layout(4, 6)).tobytes() == unpacked


@pytest.mark.parametrize("allocated", [8, 16])
def test_random_pixels_come_back(allocated):
    pixels = np.random.default_rng(3).integers(0, 40, (33, 47)).astype(f"u{allocated // 8}") * (allocated * 2)
    options = {
        "rows": 33, "columns": 47, "number_of_frames": 1, "samples_per_pixel": 1, "bits_allocated": allocated,
        "bits_stored": allocated, "pixel_representation": 0, "photometric_interpretation": "MONOCHROME2",
    }  # fmt: skip
    packed = RLELosslessEncoder.encode(pixels.tobytes(), encoding_plugin="pydicom", **options)
    assert np.array_equal(decode(packed, layout(33, 47, allocated=allocated)), pixels)


def test_a_segment_never_unpacks_to_more_than_the_image():
    assert decode(stream(b"\x81\x07" * 5000), layout(2, 3)).tolist() == [[7, 7, 7], [7, 7, 7]]


@pytest.mark.parametrize(
    "packed",
    [b"", bytes(64), stream(b"\x02\x01"), stream(b""), stream(b"\x00\x01", b"\x00\x01"),
     struct.pack("<16L", 1, *[9999] * 15)],
)  # fmt: skip
def test_damage_is_refused(packed):
    with pytest.raises(RejectedFile):
        decode(packed, layout(2, 3))
