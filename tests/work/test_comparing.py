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
from cxr_core.work.models.comparing import gate, name_of
from cxr_core.work.models.gathering import Gathered
from tests.work import plans

SLICE = dict.fromkeys(("device", "view", "age band", "sex"), "not known")
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
    examples = Examples(grey, (logits > np.median(logits)).astype(np.int64), [str(n) for n in range(90)])
    return Gathered(examples, [measure(image / np.float32(255)) for image in grey], [SLICE] * len(grey))


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
    return Gathered(examples, [locked.appearance[n] for n in kept], [locked.slices[n] for n in kept])


def judged(candidate, rivals, locked, flagged=None, **lines):
    """The gate's report under an easy plan with these lines changed."""
    return gate(candidate, rivals, locked, flagged or fewer(locked, 0, 0), plans.easy(**lines))


def test_too_few_locked_images_refuse_with_the_numbers(shipped, locked):
    found = judged(shipped, [shipped], fewer(locked, 19, 40))
    assert (found["passed"], found["compared"]) == (False, [])
    (reason,) = found["reasons"]
    assert "needs 20 locked patients of each class, and there are 19 of one" in reason
    assert "CXR_BASE_DATA" in reason


def test_just_enough_locked_images_are_compared_on(shipped, locked):
    assert judged(shipped, [shipped], fewer(locked, 20, 20))["passed"]


def test_a_model_is_no_worse_than_itself(shipped, locked):
    found = judged(shipped, [shipped], locked, margin="0.02")
    assert (found["passed"], found["reasons"]) == (True, [])
    own, rival = found["compared"]
    assert (rival["difference"], rival["difference_ci95"]) == (0, [0, 0])
    assert own["auc"] == rival["auc"] == 1
    assert found["locked"] == {"images": 90, "patients": 90}


def test_the_report_says_under_which_plan_and_what_was_asked(shipped, locked):
    found = judged(shipped, [shipped], locked, name='"strict"')
    assert (found["plan_name"], found["demo"]) == ("strict", False)
    assert found["plan"] == plans.easy(name='"strict"').sha256
    checks = [each["check"] for each in found["checks"]]
    assert checks[:2] == ["locked patients", "not below the running model"]
    assert checks[-1] == "flagged and kept out"
    assert all(each["passed"] and each["says"] for each in found["checks"])


def test_a_worse_candidate_is_refused_with_the_loss_and_its_interval(shipped, worse, locked):
    found = judged(worse, [shipped], locked)
    assert not found["passed"]
    loss = found["compared"][1]["difference"]
    low, high = found["compared"][1]["difference_ci95"]
    assert low < loss < high
    assert loss == pytest.approx(found["compared"][0]["auc"] - found["compared"][1]["auc"])
    assert f"against {shipped.card.name}, which runs now, the AUC changes by {loss:+.3f}" in found["reasons"][0]


def test_a_better_candidate_passes_and_every_model_has_its_row(shipped, worse, locked):
    found = judged(shipped, [worse], locked)
    assert found["passed"]
    assert [row["model"] for row in found["compared"]] == [shipped.card.name, "worse"]
    told = {"auc", "auc_ci95", "confusion", "sensitivity", "ece", "refused"}
    assert all(told <= set(row) for row in found["compared"])


def test_the_first_release_must_be_withstood_however_bad_the_running_model_is(shipped, worse, locked):
    found = judged(worse, [worse, shipped], locked, margin="0.02")
    assert not found["passed"]
    assert any("the first release" in reason for reason in found["reasons"])
    assert len(found["compared"]) == 3


def test_a_candidate_whose_gate_refuses_more_of_the_same_images_does_not_pass_however_good_it_is(shipped, locked):
    found = judged(refusing(shipped, locked, 54), [refusing(shipped, locked, 2)], locked)
    assert [row["refused"] for row in found["compared"]] == [54, 2]
    assert not found["passed"]
    assert all("54 of 90" in reason for reason in found["reasons"])


def test_what_was_flagged_and_kept_out_is_looked_at_with_both_models(shipped, worse, locked):
    few = fewer(locked, 5, 5)
    found = judged(shipped, [worse], locked, few, flagged_kept_out="10")
    assert found["passed"]
    assert found["checks"][-1]["found"] == 1 > found["checks"][-1]["bound"]
    turned = Gathered(replace(few.examples, labels=1 - few.examples.labels), few.appearance, few.slices)
    assert not judged(shipped, [worse], locked, turned, flagged_kept_out="10")["passed"]


def test_the_locked_images_are_known_by_what_they_are_and_how_they_are_labelled():
    one = [{"image": "b", "label": "Normal", "side": "locked"}, {"image": "a", "label": "Normal", "side": "locked"}]
    assert name_of(one) == name_of([*reversed(one), {"image": "c", "label": "Normal", "side": "train"}])
    assert name_of(one) != name_of([one[0], {**one[1], "label": "Pneumonia"}])
