"""Training the last layer alone."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.model.head import HeadRecipe, train_head
from cxr_core.model.metrics import auc
from cxr_core.model.predict import forward_all

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = HeadRecipe(size=48, epochs=30, learning_rate=0.01, batch_size=8)


def silent(progress):
    pass


def auc_of(network, material):
    """On the validation side."""
    logits = forward_all(network, material.validation.grey, material.rule).logits
    return auc(material.validation.labels, logits)


@pytest.fixture(scope="module")
def headed(shipped, material):
    """The program's release with a head trained on the material, its history, and the progress."""
    network, told = copy.deepcopy(shipped.network), []
    return network, train_head(network, material, RECIPE, told.append), told


def test_it_changes_the_head_alone(shipped, headed):
    before, after = shipped.network.state_dict(), headed[0].state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} == {"fc.weight", "fc.bias"}


def test_the_head_learns_and_its_history_begins_with_the_network_as_it_came(headed, material, shipped):
    network, history, told = headed
    assert [entry["epoch"] for entry in history] == list(range(31))
    assert {(entry["epochs"], entry["size"]) for entry in history} == {(30, 48)}
    assert set(history[0]) == {"epoch", "epochs", "size", "loss", "validation_loss", "validation_auc"}
    assert history[0]["validation_auc"] == pytest.approx(auc_of(copy.deepcopy(shipped.network), material))
    best = auc_of(network, material)
    assert best == pytest.approx(max(entry["validation_auc"] for entry in history[1:]))
    assert best > 0.9
    assert history[-1]["loss"] < history[0]["loss"]
    assert (told[-1]["epoch"], told[-1]["epochs"], told[-1]["history"]) == (30, 30, history)


def learnt(shipped, material, recipe):
    """The head's weights after training by `recipe`."""
    network = copy.deepcopy(shipped.network)
    train_head(network, material, recipe, silent)
    return network.fc.weight.detach()


def test_images_go_in_by_the_rule_of_the_card(shipped, material):
    once = replace(RECIPE, epochs=1)
    darker = replace(material, rule=replace(material.rule, mean=(0.2, 0.2, 0.2)))
    assert not torch.equal(learnt(shipped, material, once), learnt(shipped, darker, once))


def test_an_image_and_its_mirror_image_teach_the_same(shipped, material):
    """One batch of all: which of the two came first makes no difference."""
    once = replace(RECIPE, epochs=1, batch_size=80)
    grey = np.ascontiguousarray(material.training.grey[..., ::-1])
    mirrored = replace(material, training=replace(material.training, grey=grey))
    assert torch.allclose(learnt(shipped, material, once), learnt(shipped, mirrored, once), atol=1e-5)


@pytest.mark.parametrize("other", [{"size": 32}, {"learning_rate": 0.001}, {"batch_size": 16}, {"seed": 1}], ids=str)
def test_whatever_the_card_tells_of_it_was_used(shipped, material, other):
    once = replace(RECIPE, epochs=1)
    assert not torch.equal(learnt(shipped, material, once), learnt(shipped, material, replace(once, **other)))


def test_the_card_tells_what_was_used_and_nothing_else():
    assert RECIPE.as_dict() == {
        "trained": "head", "size": 48, "epochs": 30, "learning_rate": 0.01, "batch_size": 8, "seed": 20260101,
        "optimiser": "Adam", "schedule": "constant", "class_weights": True, "mirrored_copies": True,
    }  # fmt: skip


def test_a_label_that_counts_nothing_teaches_nothing(shipped, material):
    """One of each class with the other's label, and no weight: as often as before there is each."""
    labels = material.training.labels.copy()
    turned = [int(np.flatnonzero(labels == kind)[0]) for kind in (0, 1)]
    weights = np.ones(len(labels), np.float32)
    weights[turned] = 0
    right = replace(material, training=replace(material.training, weights=weights))
    labels[turned] = labels[turned[::-1]]
    wrong = replace(material, training=replace(material.training, weights=weights, labels=labels))
    once = replace(RECIPE, epochs=1, batch_size=80)
    assert torch.allclose(learnt(shipped, right, once), learnt(shipped, wrong, once), atol=1e-6)
    assert not torch.allclose(learnt(shipped, material, once), learnt(shipped, right, once), atol=1e-6)
