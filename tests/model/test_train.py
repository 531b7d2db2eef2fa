"""Training on small pictures that anybody could tell apart."""

from __future__ import annotations

import copy
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.errors import Conflict, ModelError
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.examples import Examples
from cxr_core.model.material import class_weights, resized, weights_of
from cxr_core.model.metrics import auc
from cxr_core.model.network import new_network, to_file
from cxr_core.model.optimise import learning_parts
from cxr_core.model.predict import forward_all
from cxr_core.model.recipe import Recipe
from cxr_core.model.train import train
from tests.model.chests import halves

pytestmark = pytest.mark.usefixtures("one_thread")

TINY = Recipe(stages=((32, 2), (48, 2)), batch_size=8, augmentation=Augmentation(degrees=5))
TINIEST = replace(TINY, stages=((32, 1),))


def silent(progress):
    pass


@pytest.fixture(scope="module")
def unbroken(material, tmp_path_factory):
    """A network, the history and the progress of a run that nothing stopped."""
    network, told = new_network("none", TINY.seed), []
    history = train(network, material, TINY, tmp_path_factory.mktemp("run") / "a.pt", told.append)
    return network, history, told


def test_it_learns_what_is_plain_to_see(unbroken, material):
    network, history, _ = unbroken
    logits = forward_all(network, material.validation.grey, material.rule).logits
    assert auc(material.validation.labels, logits) > 0.95
    assert history[-1]["loss"] < history[0]["loss"]
    assert not network.training


def test_the_history_has_an_entry_for_every_epoch_and_progress_carries_it(unbroken):
    _, history, told = unbroken
    assert [(entry["epoch"], entry["epochs"], entry["size"]) for entry in history] == [
        (1, 4, 32), (2, 4, 32), (3, 4, 48), (4, 4, 48),
    ]  # fmt: skip
    assert all(
        np.isfinite([entry["loss"], entry["validation_loss"], entry["validation_auc"]]).all() for entry in history
    )
    ends = [entry for entry in told if "validation_auc" in entry]
    assert [{name: entry[name] for name in history[0]} for entry in ends] == history
    assert all(entry["history"] for entry in ends)
    assert all({"epoch", "epochs", "loss"} <= set(entry) for entry in told)


@pytest.mark.parametrize("breaks_at", [(2, "step"), (3, "end")])
def test_a_run_that_was_broken_off_ends_with_the_weights_of_an_unbroken_one(unbroken, material, tmp_path, breaks_at):
    def stop(progress):
        if (progress["epoch"], "step" if "step" in progress else "end") == breaks_at:
            raise Conflict("stopped")

    checkpoint = tmp_path / "b.pt"
    with pytest.raises(Conflict):
        train(new_network("none", TINY.seed), material, TINY, checkpoint, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["b.pt"]
    network, told = new_network("none", TINY.seed), []
    history = train(network, material, TINY, checkpoint, told.append)
    assert min(entry["epoch"] for entry in told) == breaks_at[0]
    assert history == unbroken[1]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, unbroken[0].state_dict()[name]), name


def test_a_run_that_was_finished_is_not_trained_again(material, tmp_path):
    checkpoint = tmp_path / "c.pt"
    first, again = new_network("none", 1), new_network("none", 1)
    train(first, material, TINIEST, checkpoint, silent)
    told = []
    train(again, material, TINIEST, checkpoint, told.append)
    assert told == []
    assert to_file(again) == to_file(first)


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(material, tmp_path):
    checkpoint, network = tmp_path / "d.pt", new_network("none", 1)
    train(network, material, TINIEST, checkpoint, silent)
    with pytest.raises(ModelError, match="another recipe"):
        train(new_network("none", 1), material, replace(TINIEST, learning_rate=0.1), checkpoint, silent)
    with pytest.raises(ModelError, match="base or data"):
        train(network, material, TINIEST, checkpoint, silent)
    other = replace(material, training=material.validation, validation=material.training)
    with pytest.raises(ModelError, match="base or data"):
        train(new_network("none", 1), other, TINIEST, checkpoint, silent)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged"):
        train(new_network("none", 1), material, TINIEST, checkpoint, silent)


def test_a_checkpoint_that_a_gpu_left_is_taken_up_without_one(material, tmp_path):
    checkpoint, first = tmp_path / "e.pt", new_network("none", 1)
    train(first, material, TINIEST, checkpoint, silent)
    on_gpu = tmp_path / "f.pt"
    with zipfile.ZipFile(checkpoint) as own, zipfile.ZipFile(on_gpu, "w") as other:
        for name in own.namelist():  # where each tensor lay is a word in the pickle: its length, then itself
            other.writestr(name, own.read(name).replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:0"))
    assert on_gpu.read_bytes() != checkpoint.read_bytes()
    again = new_network("none", 1)
    train(again, material, TINIEST, on_gpu, silent)
    assert to_file(again) == to_file(first)


@pytest.mark.parametrize("averaging", [0.0, 0.99])
def test_a_run_that_diverges_says_so_in_the_epoch_in_which_it_does(material, tmp_path, averaging):
    recipe = replace(TINY, learning_rate=1e30, averaging=averaging)
    with pytest.raises(ModelError, match=r"diverged in epoch 1 of 4, .* a learning rate lower than 1e\+30"):
        train(new_network("none", 1), material, recipe, tmp_path / "g.pt", silent)
    assert list(tmp_path.iterdir()) == []


def test_images_go_in_by_the_rule_of_the_card(material):
    """A network that learnt by another rule is another network: what is served must say which."""

    def learnt(rule):
        network = new_network("none", 1)
        return to_file(network), train(network, replace(material, rule=rule), TINIEST, None, silent), to_file(network)

    start, history, end = learnt(material.rule)
    brighter = learnt(replace(material.rule, mean=(0.2, 0.2, 0.2)))
    assert brighter[0] == start
    assert brighter[1] != history
    assert brighter[2] != end


def test_the_best_epoch_at_the_serving_size_is_kept(material):
    recipe = replace(TINY, stages=((48, 1), (32, 3)), learning_rate=0.01, averaging=0)
    network, seen = new_network("none", 4), {}

    def note(progress):
        if "validation_auc" in progress:
            seen[progress["epoch"]] = copy.deepcopy(network.state_dict())

    history = train(network, material, recipe, None, note)
    best = max(history[1:], key=lambda entry: (entry["validation_auc"], entry["epoch"]))["epoch"]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, seen[best][name]), name


def test_with_averaging_the_average_of_the_way_is_kept_and_not_its_end(material):
    network, ends = new_network("none", 4), {}

    def note(progress):
        if "validation_auc" in progress:
            ends.update(copy.deepcopy(network.state_dict()))

    train(network, material, replace(TINIEST, averaging=0.9), None, note)
    way = [new_network("none", 4).fc.weight, network.fc.weight, ends["fc.weight"]]
    assert not torch.equal(way[1], way[2])
    assert (way[1] - way[2]).norm() < (way[0] - way[2]).norm()


@pytest.mark.parametrize(("trained", "learns"), [("last block", ("layer4.", "fc.")), ("all", ("",))])
def test_frozen_parts_keep_their_weights_and_their_running_statistics(material, trained, learns):
    network = new_network("none", 3)
    before = copy.deepcopy(network.state_dict())
    train(network, material, replace(TINIEST, trained=trained), None, silent)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if name.startswith(learns)}


def test_the_body_learns_at_its_share_of_the_heads_rate(material):
    def moved(body_share):
        network = new_network("none", 3)
        before = network.layer4[0].conv1.weight.detach().clone()
        train(network, material, replace(TINIEST, body_share=body_share), None, silent)
        return float((network.layer4[0].conv1.weight.detach() - before).abs().mean())

    assert moved(0.01) < 0.1 * moved(1.0)


def test_an_unknown_part_can_not_be_trained():
    with pytest.raises(ModelError, match="'tail' can't be trained: choose one of all, last block"):
        learning_parts(new_network("none", 1), "tail")


def test_class_weights_make_the_rarer_class_count_as_much():
    labels = np.repeat((0, 1), (10, 30))
    weights = class_weights(labels).numpy()
    assert weights[0] * 10 == pytest.approx(weights[1] * 30)
    assert weights[labels].mean() == pytest.approx(1)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("side", ["training", "validation"])
def test_a_single_class_can_not_be_learnt_from(material, label, side):
    examples = getattr(material, side)
    kept = examples.labels == label
    alone = Examples(examples.grey[kept], examples.labels[kept], ["p"] * int(kept.sum()))
    with pytest.raises(ModelError, match=f"{side} needs both classes: there are"):
        replace(material, **{side: alone})


def test_a_last_batch_of_one_image_is_left_out_and_does_no_harm(material):
    network = new_network("none", 1)
    history = train(network, replace(material, training=halves(17, 32, first=5)), TINIEST, None, silent)
    assert np.isfinite(history[0]["loss"])
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())


@pytest.mark.parametrize("stages", [(), ((16, 3),), ((224, 0),)])
def test_stages_that_can_not_be_trained_are_refused(stages):
    with pytest.raises(ModelError, match="stages"):
        Recipe(stages=stages)


def test_resizing_takes_means_and_keeps_the_rest(material):
    training = material.training
    small = resized(training, 24)
    means = training.grey.reshape(40, 24, 2, 24, 2).mean((2, 4))
    assert np.abs(small.grey - means).max() <= 0.5
    assert (small.labels is training.labels, small.patients is training.patients) == (True, True)
    assert resized(training, 48) is training


def test_training_leaves_its_pictures_as_they_are(material):
    before = material.training.grey.copy()
    train(new_network("none", 1), material, replace(TINY, stages=((48, 1),)), None, silent)
    assert np.array_equal(material.training.grey, before)


def test_a_label_counts_by_its_class_and_by_how_sure_it_is(material):
    sure = np.linspace(0, 1, len(material.training), dtype=np.float32)
    examples = replace(material.training, weights=sure)
    by_class = class_weights(examples.labels)[examples.labels].numpy()
    assert weights_of(examples, weighed=True).numpy() == pytest.approx(by_class * sure)
    assert weights_of(examples, weighed=False).numpy() == pytest.approx(sure)
    assert weights_of(material.training, weighed=True).numpy() == pytest.approx(by_class)


def test_a_label_that_counts_nothing_moves_no_weight(material):
    labels = material.training.labels.copy()
    turned = [int(np.flatnonzero(labels == kind)[0]) for kind in (0, 1)]
    weights = np.ones(len(labels), np.float32)
    weights[turned] = 0
    labels[turned] = labels[turned[::-1]]
    found = []
    for given in (material.training.labels, labels):
        network = new_network("none", TINY.seed)
        training = replace(material.training, labels=given, weights=weights)
        train(network, replace(material, training=training), TINIEST, None, silent)
        found.append(to_file(network))
    assert found[0] == found[1]


def test_a_run_without_patience_left_stops_and_keeps_its_best_epoch(material, tmp_path):
    """With a rate so small that nothing moves, no epoch is better than the first."""
    recipe = replace(TINY, stages=((32, 9),), learning_rate=1e-12, averaging=0, patience=2)
    network = new_network("none", TINY.seed)
    history = train(network, material, recipe, tmp_path / "a.pt", silent)
    areas = [entry["validation_auc"] for entry in history]
    assert 3 <= len(history) < 9
    assert max(areas[-2:]) <= max(areas[:-2])
    again = new_network("none", TINY.seed)
    assert train(again, material, recipe, tmp_path / "a.pt", silent) == history, "no epoch more when it is taken up"
    assert to_file(again) == to_file(network)
