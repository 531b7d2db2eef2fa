"""The gate: who may replace whom, on the same locked patients."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.drift.appearance import measure
from cxr_core.model.examples import Examples
from cxr_core.model.gate.gate import Gate
from cxr_core.model.gate.likeness import features
from cxr_core.model.gate.quality import Quality
from cxr_core.model.predict import Model, forward_all
from cxr_core.work.comparing import FEWEST_LOCKED, MARGIN, gate
from cxr_core.work.gathering import Gathered

EVERY_QUALITY = Quality(
    {"contrast": 0.0, "sharpness": 0.0, "mean": 0.0}, {"sharpness": 1e9, "mean": 1.0, "saturated": 1.0, "border": 1.0}
)


@pytest.fixture(scope="module")
def locked(shipped):
    """Pictures of noise with the labels that the program's release gives them, so that it is never wrong."""
    chance = np.random.default_rng(3)
    grey = np.stack([np.clip(chance.normal(128, spread, (32, 32)), 0, 255) for spread in np.linspace(5, 90, 90)])
    grey = grey.astype(np.uint8)
    logits = forward_all(shipped.network, grey, shipped.card.preprocessing).logits
    examples = Examples(grey, (logits > np.median(logits)).astype(np.int64), [str(n // 2) for n in range(90)])
    return Gathered(examples, [measure(image / np.float32(255)) for image in grey])


def with_head(shipped, name, change):
    """The program's release under another name, its last layer changed."""
    network = copy.deepcopy(shipped.network)
    with torch.no_grad():
        network.fc.weight += change * torch.randn(network.fc.weight.shape, generator=torch.Generator().manual_seed(1))
    return Model(replace(shipped.card, name=name), network)


@pytest.fixture(scope="module")
def worse(shipped):
    return with_head(shipped, "worse", 0.5)


def refusing(shipped, locked, count):
    """The program's release with a gate that refuses so many of the locked images: those it finds the strangest."""
    said = forward_all(shipped.network, locked.examples.grey, shipped.card.preprocessing)
    likeness = shipped.card.gate.likeness
    limit = float(np.sort(likeness.judge(features(said.traits, said.embeddings)).strangeness)[-1 - count])
    likeness = replace(likeness, usual=limit, strangest=limit, farthest=1e9)
    return Model(replace(shipped.card, name=f"refuses {count}", gate=Gate(EVERY_QUALITY, likeness)), shipped.network)


def fewer(locked, normal, pneumonia):
    all_ = locked.examples
    kept = np.concatenate((np.flatnonzero(all_.labels == 0)[:normal], np.flatnonzero(all_.labels == 1)[:pneumonia]))
    examples = Examples(all_.grey[kept], all_.labels[kept], [all_.patients[n] for n in kept])
    return Gathered(examples, [locked.appearance[n] for n in kept])


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
    told = {"auc", "auc_ci95", "confusion", "sensitivity", "ece", "refused"}
    assert all(told <= set(row) for row in found["compared"])


def test_every_rival_must_be_withstood(shipped, worse, locked):
    found = gate(worse, [worse, shipped], locked)
    assert not found["passed"]
    assert len(found["reasons"]) == 1
    assert len(found["compared"]) == 3


def test_a_candidate_whose_gate_refuses_more_of_the_same_images_does_not_pass_however_good_it_is(shipped, locked):
    found = gate(refusing(shipped, locked, 54), [refusing(shipped, locked, 2)], locked)
    assert [row["refused"] for row in found["compared"]] == [54, 2]
    assert found["compared"][0]["auc"] == 1
    assert not found["passed"]
    (reason,) = found["reasons"]
    assert "54 of 90" in reason


@pytest.mark.parametrize(("own", "rival", "passes"), [(1, 0, True), (2, 0, False), (60, 60, True), (3, 60, True)])
def test_one_image_more_or_two_in_a_hundred_may_be_refused(shipped, locked, own, rival, passes):
    assert gate(refusing(shipped, locked, own), [refusing(shipped, locked, rival)], locked)["passed"] is passes


def test_the_first_release_is_also_a_measure_of_what_may_be_refused(shipped, locked):
    rivals = [refusing(shipped, locked, 9), refusing(shipped, locked, 0)]
    assert not gate(refusing(shipped, locked, 10), rivals, locked)["passed"]
