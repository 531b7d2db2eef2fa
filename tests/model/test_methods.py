"""Other methods than Grad-CAM, drawn by the library on a copy of the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.model import methods
from cxr_core.model.predict import Model
from cxr_core.model.preprocess import Preprocessing, to_grey
from cxr_core.records import Method
from tests.model.chests import chest, plain

SMALL = Preprocessing(size=64)
"""Score-CAM passes the network 513 times."""


@pytest.fixture(scope="module")
def small(shipped):
    return Model(replace(shipped.card, preprocessing=SMALL), shipped.network)


@pytest.fixture(scope="module")
def grey():
    return to_grey(plain(chest(1, True)), SMALL)


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.GRAD_CAM])
def test_every_method_gives_seven_by_seven_cells_up_to_its_own_peak(small, grey, method):
    told = []
    drawn = methods.draw(small, grey, method, lambda done, of: told.append((done, of)))
    assert (drawn.shape, drawn.dtype) == ((7, 7), np.float32)
    assert drawn.min() >= 0
    assert drawn.max() == pytest.approx(1, abs=1e-3)
    assert told[-1] == ((513, 513) if method is Method.SCORE_CAM else (1, 1))


def test_the_network_that_others_use_is_left_as_it_was(small, grey):
    small.network.zero_grad(set_to_none=True)  # what another test may have left
    methods.draw(small, grey, Method.LAYER_CAM, lambda done, of: None)
    modules = list(small.network.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert all(parameter.grad is None for parameter in small.network.parameters())


def test_who_stops_the_job_stops_the_drawing(small, grey):
    def stop(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        methods.draw(small, grey, Method.SCORE_CAM, stop)
