"""Each doubt hides a heatmap, for the reason it says, and a sound map has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.dicom.phantoms.phantom import Phantom
from cxr_core.dicom.reading import read
from cxr_core.model import trust
from cxr_core.model.predict import Model, judge
from cxr_core.model.preprocess import Preprocessing, to_grey
from cxr_core.records import Label

ALL = np.ones((7, 7), np.float32)


@pytest.fixture(scope="module")
def grey():
    """Phantoms with opacities, as the model sees them."""
    studies = [Phantom(number, True, rows=224).data for number in (3001, 3003, 3007)]
    return np.stack([to_grey(read(data).radiograph, Preprocessing()) for data in studies])


@pytest.fixture(scope="module")
def said(shipped, grey):
    """Opinions on them that call for a heatmap."""
    return [replace(opinion, label=Label.PNEUMONIA) for opinion in judge(shipped, grey)]


def spot(row, column):
    heatmap = np.zeros((7, 7), np.float32)
    heatmap[row, column] = 1.0
    return heatmap


def test_sound_maps_are_shown(shipped, grey, said):
    assert trust.doubts(shipped, grey, said) == [None, None, None]


def test_for_the_answer_normal_there_is_nothing_to_point_at(shipped, grey, said):
    normal = [said[0], replace(said[1], label=Label.NORMAL), replace(said[2], label=Label.UNCERTAIN)]
    assert trust.doubts(shipped, grey, normal) == [None, trust.NORMAL, None]


def test_no_map_is_shown_of_a_model_that_failed_its_check(shipped, grey, said):
    card = replace(shipped.card, heatmap_check=replace(shipped.card.heatmap_check, passed=False))
    assert trust.doubts(Model(card, shipped.network), grey, said) == [trust.UNLEARNT] * 3
    assert trust.doubt_of_drawn(Model(card, shipped.network), grey[0], spot(3, 3), None) == trust.UNLEARNT


def test_a_drawn_map_must_follow_the_image_where_that_is_asked(shipped, grey, said):
    drawn = said[0].heatmap / said[0].heatmap.max()
    (again,) = judge(shipped, trust._shifted(grey[:1]))
    assert trust.doubt_of_drawn(shipped, grey[0], drawn, None) is None
    assert trust.doubt_of_drawn(shipped, grey[0], drawn, lambda image: again.heatmap / again.heatmap.max()) is None
    assert trust.doubt_of_drawn(shipped, grey[0], drawn, lambda image: drawn[::-1, ::-1].copy()) == trust.MOVES


def test_a_drawn_map_is_drawn_again_of_the_shifted_image_and_only_if_nothing_else_speaks_against_it(shipped, grey):
    seen = []
    corner = trust.doubt_of_drawn(shipped, grey[0], spot(0, 0), seen.append)
    assert ("outside the chest" in corner, seen) == (True, [])

    def redraw(image):
        seen.append(image)
        return spot(3, 3)

    trust.doubt_of_drawn(shipped, grey[0], spot(3, 3), redraw)
    (image,) = seen
    assert np.array_equal(image[trust.SHIFT :, trust.SHIFT :], grey[0][: -trust.SHIFT, : -trust.SHIFT])


def test_a_map_that_does_not_follow_the_image_is_not_stable(shipped, grey, said):
    elsewhere = [replace(opinion, heatmap=opinion.heatmap[::-1, ::-1].copy()) for opinion in said]
    found = trust.doubts(shipped, grey, elsewhere)
    assert set(found) <= {trust.MOVES} | {doubt for doubt in found if doubt and "outside the chest" in doubt}
    assert trust.MOVES in found


def test_a_corner_that_lights_up_is_outside_the_chest_and_the_figure_is_said(shipped, grey, said):
    corner = [replace(opinion, heatmap=spot(0, 0)) for opinion in said]
    assert trust.doubts(shipped, grey, corner) == ["Most of the evidence (100 %) lies outside the chest."] * 3


@pytest.mark.parametrize(
    ("heatmap", "doubt"),
    [
        (np.zeros((7, 7), np.float32), trust.EMPTY),
        (np.full((7, 7), 3.0, np.float32), trust.EMPTY),
        (spot(3, 3) * 0.009, trust.EMPTY),
        (spot(3, 3) * np.float32(np.nan), trust.BROKEN),
        (spot(3, 3) + np.float32(np.inf), trust.BROKEN),
        (spot(3, 3), None),
    ],
    ids=["nothing", "the same everywhere", "too weak on the scale", "NaN", "infinite", "sound"],
)
def test_a_map_that_points_nowhere_says_so(heatmap, doubt):
    assert trust.flaw(heatmap, ALL, scale=0.2) == doubt


def test_a_map_that_is_half_in_the_chest_is_shown():
    covered = spot(2, 2) * 0.5
    assert trust.flaw(spot(2, 2), covered, 1.0) is None
    assert "(60 %)" in trust.flaw(spot(2, 2), covered * 0.8, 1.0)


def test_maps_agree_with_themselves_and_not_with_others():
    assert trust.agreement(spot(1, 1), spot(1, 1)) == 1
    assert trust.agreement(spot(1, 1), spot(5, 5)) == 0
    assert trust.agreement(spot(1, 1), spot(1, 1) / 2) == 0.5
    assert trust.agreement(spot(1, 1) * 0, spot(1, 1) * 0) == 0


def test_what_moved_with_the_image_is_moved_back():
    before = spot(3, 3)
    cells = trust.SHIFT / 32
    after = before * (1 - cells) ** 2 + spot(4, 4) * cells**2 + (spot(3, 4) + spot(4, 3)) * cells * (1 - cells)
    back = trust._moved_back(after.astype(np.float32), 224)
    assert np.unravel_index(back.argmax(), back.shape) == (3, 3)
    assert back.sum() == pytest.approx(1)
    weights = np.arange(7)
    assert (back.sum(1) * weights).sum() == pytest.approx(3, abs=1e-3)
    assert (back.sum(0) * weights).sum() == pytest.approx(3, abs=1e-3)
