"""The gate: who may replace whom, on the same locked patients."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.model.examples import Examples
from cxr_core.model.predict import Model, forward_all
from cxr_core.work.comparing import FEWEST_LOCKED, MARGIN, gate


@pytest.fixture(scope="module")
def locked(shipped):
    """Pictures of noise with the labels that the first release gives them, so that it is never wrong."""
    chance = np.random.default_rng(3)
    grey = np.stack([np.clip(chance.normal(128, spread, (32, 32)), 0, 255) for spread in np.linspace(5, 90, 90)])
    grey = grey.astype(np.uint8)
    logits = forward_all(shipped.network, grey, shipped.card.preprocessing).logits
    return Examples(grey, (logits > np.median(logits)).astype(np.int64), [str(n // 2) for n in range(90)])


def with_head(shipped, name, change):
    """The first release under another name, its last layer changed."""
    network = copy.deepcopy(shipped.network)
    with torch.no_grad():
        network.fc.weight += change * torch.randn(network.fc.weight.shape, generator=torch.Generator().manual_seed(1))
    return Model(replace(shipped.card, name=name), network)


@pytest.fixture(scope="module")
def worse(shipped):
    return with_head(shipped, "worse", 0.5)


def fewer(locked, normal, pneumonia):
    kept = np.concatenate((np.flatnonzero(locked.labels == 0)[:normal], np.flatnonzero(locked.labels == 1)[:pneumonia]))
    return Examples(locked.grey[kept], locked.labels[kept], [locked.patients[n] for n in kept])


@pytest.mark.parametrize("numbers", [(FEWEST_LOCKED - 1, 40), (40, 3), (0, 40), (0, 0)])
def test_too_few_locked_images_refuse_with_the_numbers(shipped, locked, numbers):
    found = gate(shipped, [shipped], fewer(locked, *numbers))
    assert (found["passed"], found["compared"]) == (False, [])
    (reason,) = found["reasons"]
    assert f"needs {FEWEST_LOCKED} locked images of each class; there are {min(numbers)} " in reason
    assert "CXR_BASE_DATA" in reason


def test_just_enough_locked_images_are_compared_on(shipped, locked):
    assert gate(shipped, [shipped], fewer(locked, FEWEST_LOCKED, FEWEST_LOCKED))["passed"]


def test_a_model_is_no_worse_than_itself(shipped, locked):
    found = gate(shipped, [shipped], locked)
    assert (found["passed"], found["reasons"], found["margin"]) == (True, [], MARGIN)
    own, rival = found["compared"]
    assert (rival["difference"], rival["difference_ci95"]) == (0, [0, 0])
    assert own["auc"] == rival["auc"] == 1
    assert own["n"] == 90


def test_a_worse_candidate_is_refused_with_the_loss_and_its_interval(shipped, worse, locked):
    found = gate(worse, [shipped], locked)
    assert not found["passed"]
    (reason,) = found["reasons"]
    loss = found["compared"][1]["difference"]
    low, high = found["compared"][1]["difference_ci95"]
    assert low < loss < high
    assert low < -MARGIN
    assert loss == pytest.approx(found["compared"][0]["auc"] - found["compared"][1]["auc"])
    assert f"against {shipped.card.name}" in reason
    assert f"{loss:+.3f}" in reason


def test_a_better_candidate_passes_and_every_model_has_its_row(shipped, worse, locked):
    found = gate(shipped, [worse], locked)
    assert found["passed"]
    assert [row["model"] for row in found["compared"]] == [shipped.card.name, "worse"]
    assert all({"auc", "auc_ci95", "confusion", "sensitivity", "ece"} <= set(row) for row in found["compared"])


def test_every_rival_must_be_withstood(shipped, worse, locked):
    found = gate(worse, [worse, shipped], locked)
    assert not found["passed"]
    assert len(found["reasons"]) == 1
    assert len(found["compared"]) == 3
