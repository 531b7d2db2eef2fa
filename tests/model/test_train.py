"""Training on small pictures that anybody could tell apart."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.errors import Conflict, ModelError
from cxr_core.model.augment import Augmentation
from cxr_core.model.head import train_head
from cxr_core.model.metrics import auc
from cxr_core.model.network import new_network, to_file
from cxr_core.model.train import Recipe, class_weights, learning_parts, logits_of, resized, train
from tests.model.chests import halves

TINY = Recipe(stages=((32, 2), (48, 2)), batch_size=8, augmentation=Augmentation(degrees=5))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums are added up in another order by several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def training():
    return halves(40, 48, first=1)


@pytest.fixture(scope="module")
def validation():
    return halves(16, 48, first=2)


def silent(progress):
    pass


def of_one_class(examples, label):
    kept = examples.labels == label
    return replace(examples, grey=examples.grey[kept], labels=examples.labels[kept], patients=["p"] * int(kept.sum()))


@pytest.fixture(scope="module")
def unbroken(training, validation, tmp_path_factory):
    """A network, the history and the progress of a run that nothing stopped."""
    network, told = new_network("none", TINY.seed), []
    history = train(network, training, validation, TINY, tmp_path_factory.mktemp("run") / "a.pt", told.append)
    return network, history, told


def test_it_learns_what_is_plain_to_see(unbroken, validation):
    network, history, _ = unbroken
    logits = logits_of(network, validation.grey)
    assert auc(validation.labels, logits[:, 1] - logits[:, 0]) > 0.95
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
def test_a_run_that_was_broken_off_ends_with_the_weights_of_an_unbroken_one(
    unbroken, training, validation, tmp_path, breaks_at
):
    def stop(progress):
        if (progress["epoch"], "step" if "step" in progress else "end") == breaks_at:
            raise Conflict("stopped")

    checkpoint = tmp_path / "b.pt"
    with pytest.raises(Conflict):
        train(new_network("none", TINY.seed), training, validation, TINY, checkpoint, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["b.pt"]
    network, told = new_network("none", TINY.seed), []
    history = train(network, training, validation, TINY, checkpoint, told.append)
    assert min(entry["epoch"] for entry in told) == breaks_at[0]
    assert history == unbroken[1]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, unbroken[0].state_dict()[name]), name


def test_a_run_that_was_finished_is_not_trained_again(unbroken, training, validation, tmp_path):
    checkpoint = tmp_path / "c.pt"
    short = replace(TINY, stages=((32, 1),))
    first, again = new_network("none", 1), new_network("none", 1)
    train(first, training, validation, short, checkpoint, silent)
    told = []
    train(again, training, validation, short, checkpoint, told.append)
    assert told == []
    assert to_file(again) == to_file(first)
    with pytest.raises(ModelError, match="another recipe"):
        train(again, training, validation, replace(short, learning_rate=0.1), checkpoint, silent)
    with pytest.raises(ModelError, match="base or data"):
        train(new_network("none", 1), validation, training, short, checkpoint, silent)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ModelError, match="damaged"):
        train(new_network("none", 1), training, validation, short, checkpoint, silent)


def test_the_best_epoch_at_the_serving_size_is_kept(training, validation):
    recipe = replace(TINY, stages=((48, 1), (32, 3)), learning_rate=0.01)
    network, seen = new_network("none", 4), {}

    def note(progress):
        if "validation_auc" in progress:
            seen[progress["epoch"]] = copy.deepcopy(network.state_dict())

    history = train(network, training, validation, recipe, None, note)
    best = max(history[1:], key=lambda entry: (entry["validation_auc"], entry["epoch"]))["epoch"]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, seen[best][name]), name


@pytest.mark.parametrize(
    ("trained", "learns"), [("head", ("fc.",)), ("last block", ("layer4.", "fc.")), ("all", ("",))]
)
def test_frozen_parts_keep_their_weights_and_their_running_statistics(training, validation, trained, learns):
    network = new_network("none", 3)
    before = copy.deepcopy(network.state_dict())
    train(network, training, validation, replace(TINY, stages=((32, 1),), trained=trained), None, silent)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if name.startswith(learns)}


def test_the_body_learns_at_its_share_of_the_heads_rate(training, validation):
    def moved(body_share):
        network = new_network("none", 3)
        before = network.layer4[0].conv1.weight.detach().clone()
        recipe = replace(TINY, stages=((32, 1),), body_share=body_share)
        train(network, training, validation, recipe, None, silent)
        return float((network.layer4[0].conv1.weight.detach() - before).abs().mean())

    assert moved(0.01) < 0.1 * moved(1.0)


def test_an_unknown_part_can_not_be_trained():
    with pytest.raises(ModelError, match="'tail' can't be trained: choose one of all, last block, head"):
        learning_parts(new_network("none", 1), "tail")


def test_class_weights_make_the_rarer_class_count_as_much():
    labels = np.repeat((0, 1), (10, 30))
    weights = class_weights(labels).numpy()
    assert weights[0] * 10 == pytest.approx(weights[1] * 30)
    assert weights[labels].mean() == pytest.approx(1)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("learn", [train, train_head])
@pytest.mark.parametrize("side", ["training", "validation"])
def test_a_single_class_can_not_be_learnt_from(training, validation, label, learn, side):
    sides = {"training": training, "validation": validation}
    sides[side] = of_one_class(sides[side], label)
    recipe = replace(TINY, class_weights=False)
    ending = (None, silent) if learn is train else (silent,)
    with pytest.raises(ModelError, match=f"{side} needs both classes: there are"):
        learn(new_network("none", 1), sides["training"], sides["validation"], recipe, *ending)


def test_a_last_batch_of_one_image_is_left_out_and_does_no_harm(validation):
    network = new_network("none", 1)
    history = train(network, halves(17, 32, first=5), validation, replace(TINY, stages=((32, 1),)), None, silent)
    assert np.isfinite(history[0]["loss"])
    assert all(torch.isfinite(tensor).all() for tensor in network.state_dict().values())


@pytest.mark.parametrize("stages", [(), ((16, 3),), ((224, 0),)])
def test_stages_that_can_not_be_trained_are_refused(stages):
    with pytest.raises(ModelError, match="stages"):
        Recipe(stages=stages)


def test_resizing_takes_means_and_keeps_the_rest(training):
    small = resized(training, 24)
    means = training.grey.reshape(40, 24, 2, 24, 2).mean((2, 4))
    assert np.abs(small.grey - means).max() <= 0.5
    assert (small.labels is training.labels, small.patients is training.patients) == (True, True)
    assert resized(training, 48) is training


def test_training_leaves_its_pictures_as_they_are(training, validation):
    before = training.grey.copy()
    train(new_network("none", 1), training, validation, replace(TINY, stages=((48, 1),)), None, silent)
    assert np.array_equal(training.grey, before)


@pytest.fixture(scope="module")
def headed(shipped, training, validation):
    """The first release with a head trained on the halves, its history, and the progress."""
    network, told = copy.deepcopy(shipped.network), []
    recipe = replace(TINY, stages=((48, 30),), learning_rate=0.01)
    return network, train_head(network, training, validation, recipe, told.append), told


def test_training_the_head_changes_the_head_alone(shipped, headed):
    before, after = shipped.network.state_dict(), headed[0].state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} == {"fc.weight", "fc.bias"}


def test_the_head_learns_and_its_history_begins_with_the_network_as_it_came(headed, validation, shipped):
    network, history, told = headed
    assert [entry["epoch"] for entry in history] == list(range(31))
    assert set(history[0]) == {"epoch", "epochs", "size", "loss", "validation_loss", "validation_auc"}
    before = logits_of(copy.deepcopy(shipped.network), validation.grey)
    assert history[0]["validation_auc"] == pytest.approx(auc(validation.labels, before[:, 1] - before[:, 0]))
    logits = logits_of(network, validation.grey)
    best = auc(validation.labels, logits[:, 1] - logits[:, 0])
    assert best == pytest.approx(max(entry["validation_auc"] for entry in history[1:]))
    assert best > 0.9
    assert history[-1]["loss"] < history[0]["loss"]
    assert (told[-1]["epoch"], told[-1]["epochs"], told[-1]["history"]) == (30, 30, history)
