"""The map: each image in one cell, by its first two axes."""

import numpy as np
import pytest

from cxr_core.drift import plane
from cxr_core.errors import BadInput


def at(across, up):
    return {"axis1": across, "axis2": up}


def test_each_image_lies_in_the_cell_of_both_its_axes_and_those_without_in_none():
    cells = plane.count([at(0.05, 1.05), at(0.05, 1.05), at(-99, 99), {"answer": "not analysed"}])
    middle, above = (int(plane.grid().counts([value]).argmax()) for value in (0.05, 1.05))
    assert cells[middle, above] == 2
    assert cells[0, -1] == 1
    assert cells.sum() == 3


def test_a_map_comes_back_as_it_was():
    cells = plane.count(at(*where) for where in np.random.default_rng(1).normal(size=(200, 2)))
    assert np.array_equal(plane.from_bytes(plane.to_bytes(cells)), cells)
    assert len(plane.to_bytes(cells)) < 1000


@pytest.mark.parametrize("data", [b"", b"abc", plane.to_bytes(np.zeros((3, 3), np.int64))])
def test_what_is_no_map_is_refused(data):
    with pytest.raises(BadInput, match="backup"):
        plane.from_bytes(data)
