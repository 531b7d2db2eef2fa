from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_core.drift.catalogue import OPINIONS
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.errors import BadInput
from tests.drift.streams import BOTH, NUMBERS, WORDS

rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "number": st.one_of(st.none(), st.floats(allow_nan=True)),
            "word": st.one_of(st.none(), st.sampled_from([*WORDS.words, "a word of tomorrow"])),
        },
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(some=rows, others=rows)
def test_tallies_add_up_and_count_every_image_once_a_signal(some: list[dict], others: list[dict]) -> None:
    both = BOTH.count(some) + BOTH.count(others)
    assert np.array_equal(both, BOTH.count(some + others))
    assert [BOTH.of(both, name).sum() for name in BOTH.parts] == [len(some + others)] * 2


@settings(max_examples=30, deadline=None)
@given(some=rows)
def test_packing_keeps_counts(some: list[dict]) -> None:
    tally = BOTH.count(some)
    assert np.array_equal(BOTH.from_bytes(BOTH.to_bytes(tally)), tally)


def test_what_lacks_a_signal_is_counted_behind_its_bins() -> None:
    tally = BOTH.count([{"number": 0.0}, {"number": float("nan"), "word": "AP"}, {"number": None, "word": "??"}])
    assert (BOTH.of(tally, "number")[:-1].sum(), BOTH.of(tally, "number")[-1]) == (1, 2)
    assert BOTH.of(tally, "word").tolist() == [0, 1, 0, 1, 1]


def test_parts_lie_one_behind_the_other() -> None:
    for layout in (BOTH, PICTURE_LAYOUT, OPINION_LAYOUT):
        places = np.concatenate([np.arange(layout.width)[part] for part in layout.parts.values()])
        assert places.tolist() == list(range(layout.width)) == list(range(len(layout.nothing())))


def test_no_images_are_counted_as_nothing() -> None:
    assert np.array_equal(BOTH.count([]), BOTH.nothing())


def test_signals_that_came_later_are_empty_in_what_was_kept_before() -> None:
    before = Layout((NUMBERS,))
    tally = before.count([{"number": 1.0}, {}])
    read = BOTH.from_bytes(before.to_bytes(tally))
    assert np.array_equal(BOTH.of(read, "number"), tally)
    assert not BOTH.of(read, "word").any()


def test_counts_of_a_later_version_are_refused() -> None:
    with pytest.raises(BadInput, match="later version"):
        Layout((NUMBERS,)).from_bytes(BOTH.to_bytes(BOTH.nothing()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no counts",
        BOTH.to_bytes(BOTH.nothing())[:-3],
        zlib.compress(b"12345"),
        zlib.compress(b""),
        zlib.compress(bytes(4 * (BOTH.width - 1))),
    ],
)
def test_damaged_counts_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="backup"):
        BOTH.from_bytes(data)


def test_a_day_is_small_once_packed() -> None:
    chance = np.random.default_rng(1)
    day = OPINION_LAYOUT.count({each.name: chance.normal(0.5, 0.2) for each in OPINIONS[:10]} for _ in range(100))
    assert len(OPINION_LAYOUT.to_bytes(day)) < 1000
