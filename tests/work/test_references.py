"""The model's own reference: onto a card and back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.errors import BadInput, CxrError
from cxr_core.model import release
from cxr_core.records import Label, Opinion
from cxr_core.work.drift import references
from cxr_core.work.drift.references import FEWEST


def card_with(reference, weights="0" * 64):
    return {"reference": reference, "weights_sha256": weights}


def said(count, refused=0):
    """Opinions with embeddings of their own, then refusals."""
    chance = np.random.default_rng(0)
    opinions = [
        Opinion(number / count, 0.0, Label.NORMAL, np.zeros((7, 7), np.float32),
                chance.gamma(1, size=512).astype(np.float32))
        for number in range(count)
    ]  # fmt: skip
    return [*((opinion, []) for opinion in opinions), *([(None, ["age"])] * refused)]


def made(count=FEWEST, refused=0):
    looks = [{"mean": number / (count + refused)} for number in range(count + refused)]
    return references.made_of(
        looks, said(count, refused), [Label.NORMAL] * 5 + [Label.PNEUMONIA] * (count + refused - 5)
    )


def test_a_reference_comes_back_from_json_as_it_was():
    before = made(40, 3)
    after = references.of_card(card_with(json.loads(json.dumps(before.as_dict(), allow_nan=False))))
    assert np.array_equal(after.pictures, before.pictures)
    assert np.array_equal(after.opinions, before.opinions)
    assert np.array_equal(after.judgements, before.judgements)
    assert after.axes == before.axes
    assert PICTURE_LAYOUT.of(after.pictures, "mean").sum() == 43
    assert OPINION_LAYOUT.of(after.opinions, "answer").tolist() == [40, 0, 0, 3, 0]
    assert OPINION_LAYOUT.of(after.opinions, "axis1")[:-1].sum() == 40
    assert JUDGEMENT_LAYOUT.of(after.judgements, "of the healthy").tolist() == [5, 0, 0, 0, 0]
    assert JUDGEMENT_LAYOUT.of(after.judgements, "of the ill").tolist() == [35, 0, 0, 3, 0]
    assert JUDGEMENT_LAYOUT.of(after.judgements, "left over").sum() == 40


def test_the_map_holds_each_opinion_once_and_its_sides_are_the_axes_counts():
    found = made(40, 3)
    after = references.of_card(card_with(json.loads(json.dumps(found.as_dict()))))
    assert np.array_equal(after.map, found.map)
    assert found.map.sum() == 40
    for side, name in ((1, "axis1"), (0, "axis2")):
        assert np.array_equal(found.map.sum(side), OPINION_LAYOUT.of(found.opinions, name)[:-1])


def test_a_card_from_before_there_were_maps_has_none():
    before = made().as_dict()
    del before["map"]
    found = references.of_card(card_with(before))
    assert found.map is None
    assert found.axes is not None


def test_too_few_opinions_have_no_axes():
    few, enough = made(FEWEST - 1), made(FEWEST)
    assert few.axes is None
    assert few.map is None
    assert references.of_card(card_with(few.as_dict())).axes is None
    assert OPINION_LAYOUT.of(few.opinions, "axis1")[:-1].sum() == 0
    assert enough.axes is not None


@pytest.mark.parametrize("written", [{}, {"mean": [0.1, 0.2]}])
def test_what_earlier_versions_wrote_is_no_reference(written):
    assert references.of_card(card_with(written)) is None
    assert references.axes_of(card_with(written)) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"pictures": "no base64!"},
        {"opinions": "AAAA"},
        {"opinions": ""},
        {"axes": {"count": 8, "arrays": "AAAA"}},
        {"map": "no base64!"},
        {"map": "AAAA"},
    ],
)
def test_a_damaged_card_says_so(damage):
    with pytest.raises(CxrError, match="backup"):
        references.of_card(card_with({**made().as_dict(), **damage}))


def test_a_card_of_a_later_version_says_so():
    later = PICTURE_LAYOUT.to_bytes(np.ones(PICTURE_LAYOUT.width + 1, np.int64))
    with pytest.raises(BadInput, match="later version"):
        PICTURE_LAYOUT.from_bytes(later)


def test_the_release_has_a_reference_with_axes():
    found = references.of_card(release.card())
    assert found.axes is not None
    assert found.opinions.sum() > 0
    for side, name in ((1, "axis1"), (0, "axis2")):
        assert np.array_equal(found.map.sum(side), OPINION_LAYOUT.of(found.opinions, name)[:-1])


def test_a_home_that_has_the_releases_card_from_before_uses_what_the_program_ships_now():
    shipped = release.card()
    before = card_with({"mean": {"n": 500}}, shipped["weights_sha256"])
    found = references.of_card(before)
    assert found.as_dict() == references.of_card(shipped).as_dict()
    assert references.axes_of(before) == references.axes_of(shipped)
