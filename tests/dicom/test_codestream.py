"""Sizes as the compressed streams themselves give them."""

import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from cxr_core.dicom.codestream import is_whole, jpeg2000_frame, jpeg2000_stream, jpeg_frame
from cxr_core.errors import RejectedFile
from tests.dicom.films import dataset, film, picture


def stream_of(syntax, bits):
    ds = dataset(film(bits=bits), bits)
    ds.compress(syntax)
    return next(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=1)).rstrip(b"\0")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_says_its_size(progressive):
    data = picture(film(bits=8), "JPEG", progressive=progressive, comment=b"\xff\xc0\x00\x0b" * 9)
    frame = jpeg_frame(data)
    assert (frame.rows, frame.columns, frame.samples, frame.precision) == (80, 72, 1, 8)
    assert frame.process == (0xC2 if progressive else 0xC0)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_jpeg_ls_says_its_size(bits):
    frame = jpeg_frame(stream_of(JPEGLSLossless, bits))
    assert (frame.rows, frame.columns, frame.samples, frame.precision) == (80, 72, 1, bits)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_jpeg_2000_says_its_size(bits):
    stream = stream_of(JPEG2000Lossless, bits)
    frame = jpeg2000_frame(jpeg2000_stream(b"a box of a JP2 file" + stream))
    assert (frame.rows, frame.columns, frame.samples, frame.precision) == (80, 72, 1, bits)


def test_whole_and_cut_streams_are_told_apart():
    for stream in (picture(film(bits=8), "JPEG"), stream_of(JPEGLSLossless, 12), stream_of(JPEG2000Lossless, 12)):
        assert is_whole(stream)
        assert not is_whole(stream[:-3])


@pytest.mark.parametrize("stream", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda" + bytes(20), b"\xff" * 99, bytes(99)])
def test_a_stream_without_a_size_is_refused(stream):
    for frame_of in (jpeg_frame, lambda data: jpeg2000_frame(jpeg2000_stream(data))):
        with pytest.raises(RejectedFile):
            frame_of(stream)
