"""Pretraining without labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cxr_core.errors import Conflict, ModelError
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.network import new_network, to_file
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.pretraining import Plan, loss, pretrain

pytestmark = pytest.mark.usefixtures("one_thread")

RULE = Preprocessing(size=32)
PLAN = Plan(2, 1, Augmentation(), RULE)
FILMS = np.kron(np.random.default_rng(1).integers(0, 256, (16, 4, 4), np.uint8), np.ones((8, 8), np.uint8))


def silent(progress):
    pass


def test_it_brings_two_views_of_an_image_together_and_leaves_the_head_alone():
    network = new_network("none", 1)
    head, before = network.fc.weight.clone(), nearness(network)
    pretrain(network, np.concatenate([FILMS] * 4), Plan(10, 1, Augmentation(), RULE), None, silent)
    assert nearness(network) > before
    assert torch.equal(network.fc.weight, head)


def nearness(network):
    """How much nearer an image's embedding is to its mirror image's than to another image's, as a ratio."""
    network.eval()
    one, other = (
        forward_all(network, np.ascontiguousarray(each), RULE).embeddings for each in (FILMS, FILMS[:, :, ::-1])
    )
    return np.linalg.norm(one - one[::-1], axis=1).mean() / np.linalg.norm(one - other, axis=1).mean()


def test_the_loss_is_smallest_for_views_that_agree_and_images_that_differ():
    chance = torch.Generator().manual_seed(1)
    varied = torch.randn(256, 8, generator=chance)
    same, noisy = torch.ones(256, 8), varied + torch.randn(256, 8, generator=chance)
    assert loss(varied, varied) < loss(varied, noisy)
    assert loss(varied, varied) < loss(same, same)
    assert loss(varied, varied) < loss(varied[:, :1].expand(-1, 8), varied[:, :1].expand(-1, 8))


def test_a_run_that_was_broken_off_ends_as_an_unbroken_one_would(tmp_path):
    def stop(progress):
        if progress["epoch"] == 1:
            raise Conflict("stopped")

    unbroken, network = new_network("none", 1), new_network("none", 1)
    pretrain(unbroken, FILMS, PLAN, None, silent)
    with pytest.raises(Conflict):
        pretrain(new_network("none", 1), FILMS, PLAN, tmp_path / "a.pt", stop)
    told = []
    pretrain(network, FILMS, PLAN, tmp_path / "a.pt", told.append)
    assert [progress["epoch"] for progress in told] == [1]
    assert to_file(network) == to_file(unbroken)


def test_the_checkpoint_of_other_images_or_another_plan_is_refused(tmp_path):
    kept = tmp_path / "b.pt"
    pretrain(new_network("none", 1), FILMS, PLAN, kept, silent)
    for grey, plan in ((255 - FILMS, PLAN), (FILMS, Plan(3, 1, Augmentation(), RULE))):
        with pytest.raises(ModelError, match="another recipe, base or data"):
            pretrain(new_network("none", 1), grey, plan, kept, silent)


def test_an_image_that_is_left_over_is_no_batch():
    network = new_network("none", 1)
    pretrain(network, np.concatenate([FILMS] * 4 + [FILMS[:1]]), Plan(1, 1, Augmentation(), RULE), None, silent)
    assert all(torch.isfinite(weight).all() for weight in network.parameters())
