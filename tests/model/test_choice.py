"""A runtime is chosen because it was measured to be exact enough and quicker, for the model at hand."""

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.model import runtime
from cxr_core.model.choice import BOUND, choosing, is_exact
from cxr_core.model.predict import look
from cxr_core.model.preprocess import to_grey
from tests.model.chests import phantom_chest, plain


@pytest.fixture(scope="module")
def grey(shipped):
    films = [plain(phantom_chest(number, number % 2 == 0)) for number in range(2)]
    return np.stack([to_grey(film, shipped.card.preprocessing) for film in films])


def test_after_each_step_there_is_a_model_to_serve_by(shipped, grey):
    expected = look(shipped, grey)
    steps = list(choosing(shipped, grey))
    assert len(steps) == len(runtime.offered())
    for model in steps:
        assert (model.card, model.network) == (shipped.card, shipped.network)
        assert model.runtime is None or model.runtime.name in runtime.offered()
        assert is_exact(shipped, expected, look(model, grey))
    assert shipped.runtime is None


def test_what_could_move_a_probability_by_half_the_bound_is_refused_wherever_the_images_lie(shipped, grey):
    expected = look(shipped, grey)
    most = 2 * BOUND / shipped.card.calibration.slope
    for shift, exact in ((0.9 * most, True), (-0.9 * most, True), (1.1 * most, False), (np.nan, False)):
        shifted = replace(expected, logits=expected.logits + np.float32(shift))
        assert is_exact(shipped, expected, shifted) is exact


def test_what_changes_the_gates_verdict_is_refused(shipped, grey):
    expected = look(shipped, grey)
    assert not is_exact(shipped, expected, replace(expected, traits=expected.traits * 100))
