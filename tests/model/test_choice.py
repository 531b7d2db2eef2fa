"""A runtime is chosen because it was measured to be exact enough and quicker, for the model at hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.model import choice, runtime
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


def breaks_when_made(network, rule):
    raise ImportError("no such library")


def breaks_when_run(network, rule):
    """A pass that can be made, and that the processor then turns out not to be able to compute."""
    return lambda grey: torch.ones(2) @ torch.ones(3)


def breaks_at_one_image(network, rule):
    run = runtime.RUNTIMES["torch"](network, rule)
    return lambda grey: run(grey) if len(grey) > 1 else torch.ones(2) @ torch.ones(3)


@pytest.mark.parametrize("broken", [breaks_when_made, breaks_when_run, breaks_at_one_image])
def test_a_runtime_that_fails_wherever_it_may_is_left_out_and_the_search_goes_on(
    shipped, grey, monkeypatch, caplog, broken
):
    monkeypatch.setitem(runtime.RUNTIMES, "torch-bf16", broken)
    monkeypatch.setattr(runtime, "offered", lambda: ["torch-bf16", "torch"])
    monkeypatch.setattr(choice, "offered", runtime.offered)
    steps = list(choosing(shipped, grey))
    assert len(steps) == 2
    assert all(model.served_by.name == "torch" for model in steps)
    assert "torch-bf16 can't be used here" in caplog.text
