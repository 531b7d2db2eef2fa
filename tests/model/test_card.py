"""The card: what it must hold, and whether the shipped one tells the truth about the shipped files."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from cxr_core.errors import ModelError
from cxr_core.model import dataset, release
from cxr_core.model.beside import card_path, split_path
from cxr_core.model.card import Card, read_card, write_card
from cxr_core.model.gate import strangers
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import CLASSES, Side
from cxr_core.work.models import evaluating, learning


@pytest.fixture
def values():
    """The shipped card as JSON gives it, to be spoilt."""
    return json.loads(card_path(release.WEIGHTS).read_text(encoding="utf-8"))


def test_a_card_comes_back_from_its_file_as_it_was_written(shipped, tmp_path):
    card = replace(shipped.card, name="other", parent="cxr-resnet18-r1", heatmap_scale=0.5)
    write_card(card, tmp_path / "other.safetensors")
    assert read_card(tmp_path / "other.safetensors") == card
    assert Card.from_dict(card.as_dict()) == card


@pytest.mark.parametrize("part", ["calibration", "gate", "weights_sha256", "reference", "labels"])
def test_a_card_with_a_part_missing_is_refused_by_the_parts_name(values, part):
    del values[part]
    with pytest.raises(ModelError, match=part):
        Card.from_dict(values)


def test_a_card_with_an_unknown_part_is_refused(values):
    with pytest.raises(ModelError, match="mood"):
        Card.from_dict({**values, "mood": "good"})


@pytest.mark.parametrize(
    ("part", "inner"),
    [("calibration", "slope"), ("gate", "likeness"), ("intended", "views"), ("preprocessing", "mean")],
)
def test_a_part_that_is_incomplete_or_says_too_much_is_refused(values, part, inner):
    spoilt = {**values, part: {**values[part], "mood": "good"}}
    with pytest.raises(ModelError, match="mood"):
        Card.from_dict(spoilt)
    del values[part][inner]
    with pytest.raises(ModelError, match=inner):
        Card.from_dict(values)


def test_another_architecture_and_another_order_of_labels_are_refused(values):
    with pytest.raises(ModelError, match="densenet121"):
        Card.from_dict({**values, "architecture": "torchvision densenet121"})
    with pytest.raises(ModelError, match="labels"):
        Card.from_dict({**values, "labels": ["Pneumonia", "Normal"]})


@pytest.mark.parametrize("text", ["{", "", "\xff\xfe"])
def test_a_card_that_is_not_json_is_refused(tmp_path, text):
    weights = tmp_path / "a.safetensors"
    card_path(weights).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="is not JSON"):
        read_card(weights)


def test_the_shipped_card_is_of_the_shipped_weights(values):
    assert hashlib.sha256(release.WEIGHTS.read_bytes()).hexdigest() == values["weights_sha256"]
    assert release.WEIGHTS.stat().st_size <= 25_000_000
    tensors = load_file(release.WEIGHTS)
    assert tensors["fc.weight"].shape == (2, 512)
    assert {tensor.dtype.name for tensor in tensors.values()} == {"float16", "int64"}
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_the_shipped_card_is_complete_and_in_our_order(values):
    card = Card.from_dict(values)
    assert release.card() == values == card.as_dict()
    assert card.labels == tuple(label.value for label in CLASSES)
    assert (card.preprocessing, card.parent) == (Preprocessing(), None)
    assert card.name == release.WEIGHTS.stem
    assert card.name.startswith(release.STEM)
    assert (card.intended.youngest, card.intended.oldest) == (1, 5)
    assert card.heatmap_scale > 0


def test_the_shipped_gate_refuses_at_most_2_in_100_of_the_locked_xrays_and_stays_small(values):
    assert values["metrics"]["refused"] <= 0.02 * values["metrics"]["n"]
    assert len(json.dumps(values["gate"])) < 100_000
    assert set(Card.from_dict(values).gate.likeness.kinds) >= {"chest", *strangers.KINDS}


def test_the_shipped_split_is_the_one_on_the_card_and_knows_each_image_once(values):
    path = split_path(release.WEIGHTS)
    assert path.name == values["data"]["split"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == values["data"]["split_sha256"]
    lines = path.read_text(encoding="ascii").splitlines()[1:]
    assert len({line.split(",")[0] for line in lines}) == len(lines) == len(release.split())


def test_the_sides_on_the_card_are_those_of_the_split_but_for_identical_copies(values):
    sides = values["data"]["sides"]
    for side in Side:
        unique = sum(found is side for found in release.split().values())
        copies = sides[side]["images"] - unique
        assert 0 <= copies <= 40
        assert sides[side]["normal"] + sides[side]["pneumonia"] == sides[side]["images"]
        assert sides[side]["patients"] <= sides[side]["images"]


def test_the_shipped_metrics_agree_with_each_other_and_are_good_enough(values):
    metrics, calibration = values["metrics"], values["calibration"]
    (tn, fp), (fn, tp) = metrics["confusion"]
    locked = values["data"]["sides"]["locked"]
    assert (tn + fp, fn + tp) == (locked["normal"], locked["pneumonia"])
    assert metrics["n"] == locked["images"]
    assert metrics["patients"] == locked["patients"]
    assert np.isclose(metrics["accuracy"], (tn + tp) / metrics["n"])
    assert np.isclose(metrics["sensitivity"], tp / (fn + tp))
    assert np.isclose(metrics["specificity"], tn / (tn + fp))
    assert metrics["auc"] >= 0.995
    assert metrics["ece"] <= max(0.02, metrics["ece_by_chance"] + 0.01)
    assert metrics["refused"] <= 0.02 * metrics["n"]
    assert metrics["auc_ci95"][0] <= metrics["auc"] <= metrics["auc_ci95"][1]
    assert metrics["threshold"] == calibration["threshold"]
    assert calibration["normal_up_to"] <= calibration["threshold"] <= calibration["pneumonia_from"]


def test_the_shipped_history_is_the_recipes(values):
    sizes, recipe = [], values["recipe"]
    while recipe:
        sizes += [size for size, epochs in recipe["stages"] for _ in range(epochs)]
        recipe = recipe["then"]
    assert [entry["size"] for entry in values["history"]] == sizes
    assert [entry["epoch"] for entry in values["history"]] == list(range(1, len(sizes) + 1))
    for name in ("loss", "validation_loss", "validation_auc"):
        assert np.isfinite([entry[name] for entry in values["history"]]).all(), name


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("CXR_BASE_DATA"), reason="CXR_BASE_DATA doesn't name the public data set")
def test_the_shipped_metrics_come_out_again_on_the_locked_patients(shipped):
    samples = dataset.find_samples([Path(os.environ["CXR_BASE_DATA"])])
    locked = learning.on_side(samples, Side.LOCKED, release.split())
    assert dataset.split_by_patient(samples, shipped.card.data["seed"]) == release.split()
    found = evaluating.evaluate(shipped, locked)
    said = shipped.card.metrics
    assert (found["n"], found["patients"], found["refused"]) == (said["n"], said["patients"], said["refused"])
    assert np.allclose(found["confusion"], said["confusion"], atol=1)
    for name in ("auc", "accuracy", "ece", "uncertain_rate"):
        assert np.isclose(found[name], said[name], atol=2e-3), name
    assert np.allclose(found["auc_ci95"], said["auc_ci95"], atol=2e-3)
