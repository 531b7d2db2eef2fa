"""A whole recipe: pretraining, teachers, and the network that learns from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.errors import Conflict, ModelError
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.ensemble import checkpoints, train_network
from cxr_core.model.network import new_network, to_file
from cxr_core.model.predict import forward_all
from cxr_core.model.recipe import Recipe
from cxr_core.model.train import train

pytestmark = pytest.mark.usefixtures("one_thread")

PLAIN = Recipe(stages=((32, 1),), batch_size=8, augmentation=Augmentation(degrees=5), averaging=0.5)
WHOLE = replace(PLAIN, pretraining=1, teachers=2)


def silent(progress):
    pass


def test_a_plain_recipe_is_plain_training(material):
    network, history = train_network("none", material, PLAIN, None, silent)
    alone = new_network("none", PLAIN.seed)
    assert train(alone, material, PLAIN, None, silent) == history
    assert to_file(network) == to_file(alone)


def test_what_the_teachers_say_is_learnt_in_place_of_labels(material):
    contrary = new_network("none", 1)
    with torch.no_grad():
        contrary.fc.weight.zero_()
        contrary.fc.bias.copy_(torch.tensor([9.0, -9.0]))
    taught = new_network("none", PLAIN.seed)
    train(taught, replace(material, teachers=(contrary,)), replace(PLAIN, label_smoothing=0), None, silent)
    logits = forward_all(taught, material.validation.grey, material.rule).logits
    assert logits.max() < 0  # Normal, whatever the labels say
    assert contrary.fc.bias.tolist() == [9.0, -9.0]


def test_every_part_goes_on_where_it_was_broken_off_and_leaves_only_files_that_it_names(material, tmp_path):
    unbroken, history = train_network("none", material, WHOLE, None, silent)
    told = []

    def stop(progress):
        told.append(progress)
        if len([one for one in told if "validation_auc" in one]) == 2:  # the second teacher's only epoch
            raise Conflict("stopped")

    kept = tmp_path / "run.checkpoint"
    with pytest.raises(Conflict):
        train_network("none", material, WHOLE, kept, stop)
    again = []
    network, same = train_network("none", material, WHOLE, kept, again.append)
    pretrained, trained = ([name in progress for progress in again].count(True) for name in ("doing", "validation_auc"))
    assert (pretrained, trained) == (1, 2), "the second teacher's training, and all of the last network's"
    assert same == history
    assert to_file(network) == to_file(unbroken)
    assert set(tmp_path.iterdir()) <= set(checkpoints(kept, WHOLE))


def test_what_follows_goes_on_from_the_weights_before_and_from_its_own_checkpoint(material, tmp_path):
    chained = replace(PLAIN, then=replace(PLAIN, learning_rate=1e-4, stages=((48, 2),)))
    kept, by_hand = tmp_path / "run.checkpoint", new_network("none", PLAIN.seed)
    network, history = train_network("none", material, chained, kept, silent)
    assert [(entry["epoch"], entry["size"]) for entry in history] == [(1, 32), (2, 48), (3, 48)]
    assert [entry["epochs"] for entry in history[1:]] == [3, 3]
    train(by_hand, material, PLAIN, None, silent)
    train(by_hand, material, chained.then, None, silent)
    assert to_file(network) == to_file(by_hand)
    told = []
    assert to_file(train_network("none", material, chained, kept, told.append)[0]) == to_file(network)
    assert told == []
    assert set(tmp_path.iterdir()) <= set(checkpoints(kept, chained))


def test_of_what_was_learnt_before_a_share_is_kept(material):
    after, before = new_network("none", PLAIN.seed), new_network("none", PLAIN.seed)
    train(before, material, PLAIN, None, silent)
    after.load_state_dict(before.state_dict())
    train(after, material, PLAIN, None, silent)
    network, _ = train_network("none", material, replace(PLAIN, then=PLAIN, keeps=0.25), None, silent)
    found, old, new = (each.state_dict() for each in (network, before, after))
    for name in ("conv1.weight", "bn1.running_var", "fc.bias"):
        assert torch.allclose(found[name], 0.25 * old[name] + 0.75 * new[name], atol=1e-6)
        assert not torch.equal(old[name], new[name])


def test_teachers_differ_from_each_other_and_from_the_one_they_teach(material, tmp_path):
    kept = tmp_path / "run.checkpoint"
    train_network("none", material, WHOLE, kept, silent)
    weights = [
        torch.load(path, weights_only=True)["best"]["conv1.weight"].numpy()
        for path in checkpoints(kept, WHOLE)
        if path.exists() and "pretraining" not in path.name
    ]
    assert len(weights) == 3
    assert all(np.abs(one - other).max() > 0 for one in weights for other in weights if one is not other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keeps": 0.5}, "nothing follows that a share could be kept from"),
        ({"then": replace(PLAIN, pretraining=1)}, "what follows is plain training"),
        ({"then": replace(PLAIN, teachers=1)}, "what follows is plain training"),
        ({"then": replace(PLAIN, then=PLAIN)}, "what follows is plain training"),
    ],
)
def test_a_recipe_in_which_a_part_would_be_ignored_is_refused(change, said):
    with pytest.raises(ModelError, match=said):
        replace(PLAIN, **change)
