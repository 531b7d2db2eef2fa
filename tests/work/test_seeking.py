"""Whatever is sought is found wherever it lies, and what merely looks like it isn't."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_core.work.privacy.seeking import LEAD, WINDOW, Label, Seeker, Words, blocks

PLAIN = Label("listed", "utf-8")
NUMBER = Label("listed", "utf-8", 1)
needles = st.binary(min_size=WINDOW, max_size=40).map(bytes.lower)


def found(seeker, data, size=64):
    """What is found and where, reading in blocks of `size` bytes."""
    return [
        (block.offset + each.at, each.needle)
        for block in blocks(BytesIO(data), seeker.longest, size)
        for each in seeker.find(block.data, block.first, block.last)
    ]


@given(st.lists(needles, min_size=1, max_size=20), st.binary(max_size=300), st.binary(max_size=300), st.data())
def test_what_is_planted_is_found_wherever_blocks_end(sought, before, after, data):
    needle = data.draw(st.sampled_from(sought))
    size = data.draw(st.integers(1, 100))
    seeker = Seeker(dict.fromkeys(sought, PLAIN))
    at, end = len(before), len(before) + len(needle)
    places = found(seeker, before + needle.upper() + after, size)
    assert any(start <= at and end <= start + len(each) for start, each in places)


few = st.lists(st.sampled_from([b"a", b"b"]), min_size=WINDOW, max_size=9).map(b"".join)


@given(st.lists(few, min_size=1, max_size=20), st.lists(st.sampled_from([b"a", b"b", b"-"]), max_size=60).map(b"".join))
def test_it_finds_what_comparing_at_every_place_finds(sought, data):
    expected, end = [], 0
    for at in range(len(data)):
        longest = max((each for each in sought if data.startswith(each, at)), key=len, default=b"")
        if longest and at + len(longest) > end:
            expected.append((at, longest))
            end = at + len(longest)
    assert found(Seeker(dict.fromkeys(sought, PLAIN)), data, 1000) == expected


@given(st.binary(max_size=500), st.integers(1, 100), st.integers(1, 50))
def test_blocks_are_the_file(data, size, longest):
    parts = list(blocks(BytesIO(data), longest, size))
    assert b"".join(part.data[part.first : part.last] for part in parts) == data
    for part in parts:
        assert part.data == data[part.offset :][: len(part.data)]
        assert len(part.data) - part.last >= min(longest, len(data) - part.offset - part.last)
        assert part.first == min(LEAD, part.offset + part.first)


@pytest.mark.parametrize(("data", "stands"), [
    (b"19500117", True), (b"id 19500117, x", True), (b"\0\x1b19500117\0", True), (b"id.19500117", True),
    (b"119500117", False), (b"195001170", False), (b"2.25.19500117", False), (b"0.19500117", False),
])  # fmt: skip
def test_a_number_is_not_found_in_a_longer_one(data, stands):
    assert bool(found(Seeker({b"19500117": NUMBER}), data)) == stands


def test_a_number_in_utf16_is_told_from_a_longer_one_too():
    seeker = Seeker({"471108".encode("utf-16-le"): Label("listed", "utf-16-le", 2)})
    assert found(seeker, "a 471108 b".encode("utf-16-le")) == [(4, "471108".encode("utf-16-le"))]
    assert found(seeker, "a 4711089".encode("utf-16-le")) == found(seeker, "a 1471108".encode("utf-16-le")) == []


@pytest.mark.parametrize(("data", "stands"), [
    (b"Doe", True), (b"seen by DOE.", True), (b"/Doe_Jane/", True), (b"doe-1", True),
    (b"Doesn't", False), (b"unDoe", False), ("Doeß".encode(), False),
])  # fmt: skip
def test_a_short_one_is_found_as_a_word(data, stands):
    assert bool(list(Words({b"doe": PLAIN}).find(data))) == stands


@pytest.mark.parametrize(("data", "stands"), [
    (b"4711", True), (b'{"patient": "4711"}', True), (b"a\0\x004711\0\0b", True),
    (b'{"images": 4711}', False), (b"12:00:00,4711", False), (b"4711 images", False), (b"0.4711", False),
])  # fmt: skip
def test_a_short_number_is_found_where_it_can_be_no_count(data, stands):
    assert bool(list(Words({b"4711": NUMBER}).find(data))) == stands


def test_with_nothing_to_seek_nothing_is_found():
    assert list(Seeker({}).find(b"anything at all")) == list(Words({}).find(b"anything at all")) == []
