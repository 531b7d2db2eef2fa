"""The walk through the gate with the shipped model: what is judged, what is put right, and what each is refused for."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pydicom.data
import pytest

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.drift.appearance import measure
from cxr_core.errors import RejectedFile
from cxr_core.model.gate import walk
from cxr_core.model.gate.walk import Film
from cxr_core.model.preprocess import brightness, righted, stretch, to_grey
from cxr_core.records import Opinion
from cxr_core.work.story import SMALL
from tests.model.bundled import PHOTOGRAPHED, photographed
from tests.model.chests import phantom_chest, plain
from tests.model.others import KINDS, drawn


@pytest.fixture(scope="module")
def judge(shipped):
    """The answers to pictures (uint8) or X-rays, walked through the whole gate."""

    def answers(*pictures):
        return walk.judge(shipped, [_film(picture, shipped.card) for picture in pictures])

    return answers


def _film(picture, card):
    radiograph = plain(picture) if isinstance(picture, np.ndarray) else picture
    shown = brightness(radiograph, card.preprocessing.size)
    return Film.of(radiograph, stretch(shown, card.preprocessing), measure(shown), card)


def codes(answers):
    return ["judged" if isinstance(answer, Opinion) else answer[0].code for answer in answers]


@pytest.fixture(scope="module")
def chests():
    """Synthetic chests as pictures."""
    return [phantom_chest(number, number % 2 == 1, 224) for number in (101, 102, 104)]


def test_chests_are_judged_in_order_with_what_was_kept_back_between_them(judge, chests):
    lateral = replace(plain(chests[1]), view="LL")
    answers = judge(chests[0], lateral, chests[2])
    assert codes(answers) == ["judged", "view", "judged"]
    assert answers[2].logit == pytest.approx(judge(chests[2])[0].logit, abs=1e-3)
    assert {answer.put_right for answer in answers[::2]} == {None}


def test_the_header_is_asked_first_then_the_quality_and_each_names_its_own(judge):
    blank = np.full((224, 224), 90, np.uint8)
    blank[0, 0] = 91
    barred, flawed = judge(replace(plain(blank), age_years=40), blank)
    assert [objection.code for objection in barred] == ["age"]
    assert "flat" in [objection.code for objection in flawed]


def test_a_chest_of_poor_quality_is_refused_for_that_alone(judge, chests):
    dark, blurred = np.round(0.1 * chests[0]).astype(np.uint8), cv2.GaussianBlur(chests[0], (0, 0), 20)
    assert {objection.code for objection in judge(dark)[0]} == {"flat", "black"}
    assert "blurred" in [objection.code for objection in judge(blurred)[0]]


def test_an_inverted_chest_is_put_right_and_judged_as_its_negative(judge, chests):
    for chest, answer in zip(chests, judge(*(255 - chest for chest in chests)), strict=True):
        assert answer.put_right == "inverted"
        assert answer.logit == pytest.approx(judge(chest)[0].logit, abs=0.05)


def test_what_was_put_right_can_be_looked_at_again_as_the_model_did(shipped, chests):
    rule = shipped.card.preprocessing
    seen = to_grey(righted(plain(255 - chests[0]), "inverted"), rule)
    assert np.abs(seen - to_grey(plain(chests[0]), rule)).max() < 0.01
    untouched = plain(chests[0])
    assert righted(untouched, None) is untouched


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_chest_is_refused_with_the_angle(judge, chests, quarters):
    answers = judge(*(np.ascontiguousarray(np.rot90(chest, -quarters)) for chest in chests))
    for (objection,) in answers:
        assert (objection.kind, objection.code) == ("turned", f"turned_{90 * quarters}")
        assert f"turned by {90 * quarters} degrees" in objection.sentence


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("abdomen", "abdomen"), ("CT slice", "slice"), ("face", "photograph"), ("page", "page"),
        ("hand", "limb"), ("lateral", "lateral"), ("white noise", "noise"),
    ],
)  # fmt: skip
def test_a_stranger_is_refused_by_the_name_of_what_it_is_most_of_the_time(judge, kind, code):
    found = codes(judge(*(drawn(kind, number) for number in range(5))))
    assert Counter(found).most_common(1)[0][0] == code


def test_a_part_of_a_chest_is_no_whole_one(judge, chests):
    parts = (cv2.resize(chest[20:110, 60:150], (224, 224)) for chest in chests)
    assert "judged" not in codes(judge(*parts))


def test_every_refusal_says_what_is_wrong_and_what_to_do(judge):
    for answer in judge(*(drawn(kind, 1) for kind in KINDS)):
        assert not isinstance(answer, Opinion)
        for objection in answer:
            assert objection.sentence.count(".") >= 1
            assert objection.sentence.endswith(".")


@pytest.fixture(scope="module")
def others(judge):
    """What is said of 24 drawn pictures of hands and feet each, and of 8 of each other kind, by kind."""
    counts = dict.fromkeys(KINDS, 8) | {"hand": 24, "foot": 24}
    return {kind: codes(judge(*(drawn(kind, number) for number in range(count)))) for kind, count in counts.items()}


def test_of_200_pictures_that_are_no_chests_and_14_photographed_ones_at_least_99_in_100_are_not_judged(others, judge):
    found = [code for told in others.values() for code in told[:8]]
    assert len(found) == 200
    found += [code for name in PHOTOGRAPHED for code in codes(judge(photographed(name)))]
    assert len(found) == 214
    assert found.count("judged") <= 2


def test_of_the_dicom_files_that_come_with_pydicom_none_is_judged(judge):
    folder = Path(pydicom.data.__file__).parent / "test_files"
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    films = [film for film in map(_readable, files) if film]
    assert len(files) > 150
    assert films, "one at least is an image that its header says nothing against"
    assert "judged" not in codes(judge(*films))


def _readable(data):
    with suppress(RejectedFile):
        return read(data).radiograph
    return None


@pytest.mark.parametrize("kind", ["hand", "foot"])
def test_nobody_is_told_to_turn_a_hand_or_a_foot_upright_or_that_it_is_inverted(others, kind):
    misplaced = [code for code in others[kind] if code.startswith(("turned", "inverted", "judged"))]
    assert len(others[kind]) == 24
    assert len(misplaced) <= 1


def test_of_24_turned_chests_at_least_22_are_told_their_angle(judge):
    told = []
    for number in range(24):
        quarters, chest = 1 + number % 3, phantom_chest(100 + number, number % 2 == 1, 224)
        told += [code == f"turned_{90 * quarters}" for code in codes(judge(np.rot90(chest, -quarters).copy()))]
    assert sum(told) >= 22


def test_of_24_inverted_chests_at_least_22_are_put_right(judge):
    chests = [phantom_chest(100 + number, number % 2 == 1, 224) for number in range(24)]
    answers = judge(*(255 - chest for chest in chests))
    assert sum(isinstance(answer, Opinion) and answer.put_right == "inverted" for answer in answers) >= 22


def test_of_the_demos_phantoms_at_most_5_in_100_are_refused(judge):
    films = [read(Phantom(number, number % 2 == 1, rows=SMALL).data).radiograph for number in range(1000, 1060)]
    assert np.mean([answer == "judged" for answer in codes(judge(*films))]) >= 0.95


@pytest.mark.parametrize("gamma", [0.6, 1.6])
def test_another_exposure_within_reason_is_no_reason_to_refuse(judge, chests, gamma):
    exposed = [np.round(255 * (chest / 255) ** gamma).astype(np.uint8) for chest in chests]
    assert codes(judge(*exposed)) == ["judged"] * 3


def test_a_wide_picture_and_a_large_one_are_judged_like_any_other(judge, chests):
    wide, large = cv2.resize(chests[0], (400, 240)), cv2.resize(chests[0], (1500, 1300))
    assert codes(judge(wide, large)) == ["judged"] * 2


def test_the_gate_does_not_change_the_picture(judge, chests):
    before = chests[0].copy()
    judge(chests[0], 255 - chests[0])
    assert np.array_equal(chests[0], before)
