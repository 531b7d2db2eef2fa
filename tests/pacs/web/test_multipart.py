"""Bodies of several DICOM files: whatever the pieces, the same parts, and bounded."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_core.errors import RejectedFile
from cxr_core.pacs.web.multipart import LONGEST_HEADER, Limits, Splitter, boundary_of, joined, split

TYPE = 'multipart/related; type="application/dicom"; boundary=edge'
START = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
END = b"\r\n--edge--\r\n"
SNARES = (
    b"--edge",
    b"\r\n--edge",
    b"\r\n",
    b"\r",
    b"-",
    b"edge--",
    b"\r\n--edgeX",
    b"\r\n--edge \tX",
    b"\r\n\r\n",
    b"\n",
)
FILES = st.lists(st.sampled_from(SNARES) | st.binary(max_size=40), max_size=12).map(b"".join)


def parts_of(body, size=None, limits=None, content_type=TYPE):
    """The parts of a body that comes in pieces of `size` bytes."""
    step = size or max(1, len(body))
    return list(split(content_type, (body[at : at + step] for at in range(0, len(body), step)), limits))


def is_plain(content):
    """Whether none of its lines is a boundary."""
    after = [line.removeprefix(b"--edge") for line in content.split(b"\r\n") if line.startswith(b"--edge")]
    return all(rest.strip(b" \t") and not rest.startswith(b"--") for rest in after)


@given(st.lists(FILES.filter(is_plain), min_size=1, max_size=4), st.data())
def test_whatever_the_pieces_and_the_bytes_each_file_comes_out_as_it_was(files, data):
    body = b"".join(joined(files, "edge"))
    cuts = sorted({0, len(body), *data.draw(st.lists(st.integers(0, len(body)), max_size=20))})
    pieces = [body[start:end] for start, end in pairwise(cuts)]
    assert list(split(TYPE, pieces)) == files
    assert parts_of(body, 1) == files


@pytest.mark.parametrize("size", [1, 2, 3, None])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a preamble\r\n" + START + b"film" + END, [b"film"]),
        (b"\r\n" + START + b"film" + END + b"and more that means nothing\r\n--edge\r\n", [b"film"]),
        (START + b"film\r\n--edge \t\r\n\r\nsecond" + END, [b"film", b"second"]),
        (START + END, [b""]),
        (b"--edge\r\n\r\nno header" + END, [b"no header"]),
        (
            b"--edge\r\ncontent-TYPE:application/DICOM; transfer-syntax=1.2\r\nMIME-Version: 1.0\r\n\r\nfilm" + END,
            [b"film"],
        ),
        (START + b"a--edge--b" + END, [b"a--edge--b"]),
    ],
)
def test_what_the_standard_allows_around_the_files_is_taken(body, expected, size):
    assert parts_of(body, size) == expected


@pytest.mark.parametrize("size", [1, None])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"--edge--", "malformed"),
        (START + b"film", "malformed"),
        (START + b"film\r\n--edge", "malformed"),
        (START + b"film\r\n--edge-", "malformed"),
        (START + b"film\r\n--edge\r\n", "malformed"),
        (START.replace(b"\r\n", b"\n") + b"film" + END, "malformed"),
        (b"x" * (LONGEST_HEADER + 100) + b"\r\n" + START + b"film" + END, "malformed"),
        (b"--edge\r\nX: " + b"x" * LONGEST_HEADER + b"\r\n\r\nfilm" + END, "malformed"),
        (b"--edge\r\nContent-Type: text/html\r\n\r\nfilm" + END, "media-type"),
        (START + b"x" * 65 + END, "too-large"),
        (START + b"x" * 100, "too-large"),
        ((START + b"x" * 64 + b"\r\n") * 4, "too-large"),
        (START + b"\r\n--edge\r\n\r\n" * 3 + END, "too-large"),
        (START + b"x" + END + b"x" * 500, "too-large"),
    ],
)
def test_what_is_no_such_body_or_too_much_is_refused(body, reason, size):
    limits = Limits(part=64, whole=400, parts=3) if reason == "too-large" else None
    with pytest.raises(RejectedFile) as caught:
        parts_of(body, size, limits)
    assert caught.value.reason == reason


def test_a_part_of_just_the_largest_size_is_taken():
    body = START + b"x" * 64 + END
    assert parts_of(body, 7, Limits(part=64, whole=len(body), parts=1)) == [b"x" * 64]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (TYPE, b"edge"),
        ('Multipart/Related;TYPE=application/dicom;Boundary="e\'d(g) e"', b"e'd(g) e"),
        ("multipart/related; boundary=edge", b"edge"),
    ],
)
def test_a_boundary_is_read_however_it_is_written(content_type, boundary):
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("", "media-type"),
        ("application/dicom", "media-type"),
        ('multipart/form-data; type="application/dicom"; boundary=edge', "media-type"),
        ('multipart/related; type="application/dicom+json"; boundary=edge', "media-type"),
        ('multipart/related; type="application/dicom"', "malformed"),
        ('multipart/related; type="application/dicom"; boundary=""', "malformed"),
        ('multipart/related; type="application/dicom"; boundary="e\u00e4e"', "malformed"),
        (f'multipart/related; type="application/dicom"; boundary={"x" * 201}', "malformed"),
        ("multipart/related; type=\"application/dicom\"; boundary*=utf-8''edge", "malformed"),
        ("multipart/related;" + ' a="' * 30_000, "malformed"),
    ],
)
def test_another_type_or_no_boundary_is_refused(content_type, reason):
    with pytest.raises(RejectedFile) as caught:
        boundary_of(content_type)
    assert caught.value.reason == reason


def test_one_part_is_held_at_a_time():
    """Twenty files of a megabyte come in; the memory that is taken meanwhile is that of a few."""
    file = bytes(2**20)
    splitter = Splitter(TYPE)
    tracemalloc.start()
    try:
        sizes = [len(part) for piece in joined([file] * 20, "edge") for part in splitter.feed(piece)]
        splitter.end()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sizes == [len(file)] * 20
    assert peak < 6 * len(file)
