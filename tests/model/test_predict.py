"""A model's opinion, and what it refuses to be put together from."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from cxr_core.errors import ModelError
from cxr_core.model import predict, release
from cxr_core.model.card import write_card
from cxr_core.model.network import from_files, new_network, normalise, to_file
from cxr_core.model.preprocess import Preprocessing, to_grey
from cxr_core.records import Label
from tests.model.chests import chest, opinions, plain

RULE = Preprocessing()


@pytest.fixture(scope="module")
def grey():
    return np.stack([to_grey(plain(chest(n, n % 2 == 0)), RULE) for n in range(5)])


@pytest.fixture
def child(shipped):
    """The program's release with another head and one other body tensor."""
    network = copy.deepcopy(shipped.network)
    with torch.no_grad():
        network.fc.weight += 0.5
        network.layer4[1].bn2.bias -= 0.25
    return network


def test_one_forward_pass_gives_the_networks_logits_and_its_pooled_features(shipped, grey):
    found = predict.forward(shipped.network, grey, RULE)
    with torch.no_grad():
        logits = shipped.network(normalise(torch.from_numpy(grey), RULE)).numpy()
    assert np.allclose(found.logits, logits[:, 1] - logits[:, 0], atol=1e-4)
    assert found.embeddings.shape == (5, 512)
    head = shipped.network.fc
    again = found.embeddings @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert np.allclose(again, logits, atol=1e-4)


def test_a_batch_says_what_its_images_say_one_by_one(shipped):
    films = [plain(chest(n, n % 2 == 0, 200 + 20 * n)) for n in range(4)]
    together = opinions(shipped, films)
    for film, opinion in zip(films, together, strict=True):
        alone = opinions(shipped, [film])[0]
        assert np.isclose(alone.logit, opinion.logit, atol=1e-4)
        assert np.allclose(alone.heatmap, opinion.heatmap, atol=1e-4)
        assert np.allclose(alone.embedding, opinion.embedding, atol=1e-4)


def test_more_images_than_a_batch_holds_are_judged_in_order(shipped):
    small = np.random.default_rng(2).integers(0, 256, (predict.BATCH + 3, 32, 32)).astype(np.uint8)
    together = predict.forward_all(shipped.network, small, RULE)
    assert len(together.logits) == len(together.heatmaps) == len(together.embeddings) == len(small)
    last = predict.forward(shipped.network, small[-1:] / np.float32(255), RULE)
    assert np.allclose(together.logits[-1:], last.logits, atol=1e-4)


def test_an_opinion_is_the_cards_reading_of_the_logit(shipped, grey):
    for opinion in predict.judge(shipped, grey):
        expected = shipped.card.calibration.probability(np.array(opinion.logit))
        assert np.isclose(opinion.probability, expected)
        assert opinion.label is shipped.card.calibration.label(opinion.probability)
        assert opinion.heatmap.shape == (7, 7)


def test_the_network_is_left_as_it_was(shipped, grey):
    before = to_file(shipped.network)
    predict.judge(shipped, grey)
    assert to_file(shipped.network) == before
    assert not shipped.network.training


def test_weights_that_the_card_was_not_written_for_are_refused(shipped):
    other = to_file(new_network("none", seed=1))
    with pytest.raises(ModelError, match="not those its card was written for"):
        predict.assemble(shipped.card, other)


def test_weights_without_a_card_are_refused_with_the_name_of_what_is_missing(tmp_path):
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(release.WEIGHTS.read_bytes())
    with pytest.raises(ModelError, match=r"no card beside it \(mine\.card\.json\)"):
        predict.load_file(weights)


def test_a_card_without_weights_is_refused(shipped, tmp_path):
    weights = tmp_path / "mine.safetensors"
    write_card(shipped.card, weights)
    with pytest.raises(ModelError, match="no such weights file"):
        predict.load_file(weights)


def test_a_file_that_is_not_safetensors_is_refused(shipped):
    data = b"not a network"
    card = replace(shipped.card, weights_sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(ModelError, match="not a safetensors file"):
        predict.assemble(card, data)


def test_a_child_is_its_parents_file_and_its_own_changes(shipped, child, grey):
    changes = to_file(child, shipped.network)
    assert len(changes) < 10_000
    again = from_files(release.WEIGHTS.read_bytes(), changes, name="child")
    assert to_file(again) == to_file(child)
    assert not np.allclose(
        predict.forward(again, grey, RULE).logits, predict.forward(shipped.network, grey, RULE).logits, atol=0.01
    )


def test_a_childs_changes_alone_are_refused(shipped, child):
    with pytest.raises(ModelError, match="does not hold the weights of a ResNet18"):
        from_files(to_file(child, shipped.network), name="child")


def test_training_can_start_from_a_file_and_from_nothing_else(shipped, tmp_path):
    started = new_network(str(release.WEIGHTS), seed=0)
    assert to_file(started) == to_file(shipped.network)
    with pytest.raises(ModelError, match="there is no such file"):
        new_network(str(tmp_path / "gone.safetensors"), seed=0)
    (tmp_path / "torn.safetensors").write_bytes(release.WEIGHTS.read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a safetensors file"):
        new_network(str(tmp_path / "torn.safetensors"), seed=0)


def test_the_same_seed_gives_the_same_new_network():
    assert to_file(new_network("none", seed=5)) == to_file(new_network("none", seed=5))
    assert to_file(new_network("none", seed=5)) != to_file(new_network("none", seed=6))


def test_labels_are_normal_pneumonia_or_uncertain(shipped):
    band = shipped.card.calibration
    said = [band.label(p) for p in (0.0, (band.normal_up_to + band.pneumonia_from) / 2, 1.0)]
    assert said == [Label.NORMAL, Label.UNCERTAIN, Label.PNEUMONIA]
