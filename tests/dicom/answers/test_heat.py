"""The heatmap lies on the picture as it does on the screen, and its outlines where its numbers say."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from cxr_core.dicom.answers.heat import FINE, SHARES, area, enlarged, outlines, ramp
from cxr_core.model.explain import on_scale
from tests.dicom.answers.material import heat

ROWS, COLUMNS = 1800, 2200
RAMP_OF_THE_SCREEN = {
    0: (105.003, 36.808, 144.065),
    0.25: (173.195, 65.793, 130.804),
    0.5: (224.296, 108.618, 107.101),
    1: (253.512, 228.072, 131.666),
}
"""What ramp() of ui/web/heat.js gives."""


def wild(seed):
    return np.abs(np.random.default_rng(seed).normal(size=(7, 7))).astype(np.float32)


def at(heatmap, line):
    """What the screen shows, in the heatmap's unit, at points of an image of ROWS x COLUMNS."""
    cells = line * FINE / np.array([COLUMNS, ROWS]) - 0.5
    return map_coordinates(enlarged(heatmap).astype(float), cells.T[::-1], order=1, mode="nearest")


def test_it_is_enlarged_as_the_model_room_says_that_the_viewer_does():
    assert np.array_equal(np.clip(enlarged(wild(1)), 0, 1), on_scale(wild(1), 1.0, FINE))


def test_its_colours_are_those_of_the_screen():
    got = ramp(np.array(list(RAMP_OF_THE_SCREEN)))
    assert np.allclose(got, list(RAMP_OF_THE_SCREEN.values()), atol=0.001)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", range(5))
def test_outlines_are_closed_and_run_where_the_share_is_reached(seed, share):
    heatmap = wild(seed)
    level = share * float(enlarged(heatmap).max())
    for line in outlines(heatmap, share, ROWS, COLUMNS):
        assert np.array_equal(line[0], line[-1])
        within = (line > 0.01).all(1) & (line < np.array([COLUMNS, ROWS]) - 0.01).all(1)
        assert np.allclose(at(heatmap, line[within]), level, rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_outlines_enclose_what_lies_above_the_share_and_nothing_else(seed):
    values = enlarged(wild(seed))
    lines = outlines(wild(seed), 0.5, ROWS, COLUMNS)
    above = (values >= 0.5 * values.max()).mean()
    assert abs(sum(area(line) for line in lines)) / (ROWS * COLUMNS) == pytest.approx(above, abs=0.003)
    sizes = [abs(area(line)) for line in lines]
    assert sizes == sorted(sizes, reverse=True)


def test_an_outline_runs_along_the_edge_of_the_image_and_not_beyond():
    (line,) = outlines(heat(x=0, y=6), 0.5, ROWS, COLUMNS)
    assert line.min() == 0
    assert line[:, 1].max() == ROWS
    assert (line <= np.array([COLUMNS, ROWS])).all()


def test_a_hole_is_an_outline_of_its_own_the_other_way_round():
    ring = np.zeros((7, 7), np.float32)
    ring[1:6, 1:6] = 1
    ring[3, 3] = 0
    outer, inner = outlines(ring, 0.5, ROWS, COLUMNS)
    assert area(outer) * area(inner) < 0


def test_touching_corners_are_two_outlines():
    corners = np.zeros((7, 7), np.float32)
    corners[2, 2] = corners[3, 3] = 1
    assert len(outlines(corners, 0.75, ROWS, COLUMNS)) == 2
