"""Distributions: what is compared, how far apart, and how bins are joined for the eye."""

import numpy as np
import pytest

from cxr_core.drift.distribution import distributions, shares, together
from cxr_core.drift.tally import PICTURE_LAYOUT


def tally(*rows):
    return PICTURE_LAYOUT.count(rows)


def of(found, name):
    return next((each for each in found if each.signal.name == name), None)


def test_a_signal_is_beside_the_references_that_know_it_alone():
    current = tally({"mean": 0.9, "view": "PA"}, {"mean": 0.9, "view": "AP"})
    found = distributions(
        PICTURE_LAYOUT, current, {"model": tally({"mean": 0.1}), "site": tally({"mean": 0.9, "view": "PA"})}
    )
    mean, view = of(found, "mean"), of(found, "view")
    assert (mean.references["model"].effect, mean.references["site"].effect) == (1.0, 0.0)
    assert list(view.references) == ["site"]
    assert view.references["site"].effect == pytest.approx(0.5)
    assert of(found, "noise") is None, "which no reference knows"


def test_without_images_now_there_is_no_effect():
    found = distributions(PICTURE_LAYOUT, PICTURE_LAYOUT.nothing(), {"model": tally({"mean": 0.1})})
    assert of(found, "mean").references["model"].effect is None


def test_shares_add_up_to_one_or_are_none():
    assert shares(np.array([1, 3])).tolist() == [0.25, 0.75]
    assert shares(np.array([0, 0])).tolist() == [0, 0]


def test_bins_are_joined_where_there_are_many_and_cut_where_none_has_an_image():
    few, wide = np.zeros(200, np.int64), np.zeros(200, np.int64)
    few[[50, 60]] = 1
    wide[[3, 160]] = 1
    assert together(few) == (1, slice(50, 61))
    size, part = together(few, wide)
    assert (size, part.start) == (4, 3)
    assert part.stop > 160 and (part.stop - part.start) % size == 0
    assert together(np.zeros(5, np.int64)) == (1, slice(0, 5))
