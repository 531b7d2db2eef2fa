"""Writing a card: what is on it was measured on patients kept from training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.drift.appearance import measure
from cxr_core.drift.catalogue import ANSWERS
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT
from cxr_core.errors import ModelError
from cxr_core.model import sanity
from cxr_core.model.card import Card
from cxr_core.model.examples import Examples
from cxr_core.model.gate.likeness import features
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import Side
from cxr_core.work.drift import references
from cxr_core.work.models.carding import Origin, make_card
from cxr_core.work.models.gathering import Gathered
from tests.model.chests import halves

RULE = Preprocessing(size=32)
ORIGIN = Origin("mine-2", "mine-1", "mine-1", "0" * 64, {"training_set": "abc"}, {"seed": 1}, [{"loss": 0.5}])
NUMBERS = {Side.TRAIN: 60, Side.VALIDATION: 12, Side.CALIBRATION: 120, Side.LOCKED: 44}


def gathered(count, first):
    examples = halves(count, first=first)
    return Gathered(examples, [measure(image / np.float32(255)) for image in examples.grey], [{}] * len(examples))


@pytest.fixture(scope="module")
def sides():
    return {side: gathered(count, first) for first, (side, count) in enumerate(NUMBERS.items())}


@pytest.fixture(scope="module")
def card(shipped, sides):
    return make_card(shipped.network, sides, ORIGIN, RULE)


def test_a_card_says_where_the_model_comes_from_and_survives_json(card):
    assert (card.name, card.parent, card.base, card.weights_sha256) == ("mine-2", "mine-1", "mine-1", "0" * 64)
    assert (card.recipe, card.history, card.data["training_set"]) == ({"seed": 1}, [{"loss": 0.5}], "abc")
    assert Card.from_dict(card.as_dict()) == card


def test_it_counts_images_and_patients_of_each_side(card):
    assert {side: found["images"] for side, found in card.data["sides"].items()} == NUMBERS
    assert card.data["sides"]["locked"] == {"images": 44, "patients": 44, "normal": 22, "pneumonia": 22}


def test_its_metrics_are_of_the_locked_side(card, sides):
    assert card.metrics["n"] == 44
    assert card.metrics["threshold"] == card.calibration.threshold


def test_its_references_hold_every_image_that_was_kept_from_training(card):
    found = references.of_card(vars(card))
    kept_apart = 12 + 120 + 44
    assert PICTURE_LAYOUT.of(found.pictures, "mean").sum() == kept_apart
    assert OPINION_LAYOUT.of(found.opinions, "answer").sum() == kept_apart
    assert found.axes is not None
    judged = kept_apart - OPINION_LAYOUT.of(found.opinions, "answer")[ANSWERS.index("not analysed")]
    assert OPINION_LAYOUT.of(found.opinions, "axis1")[:-1].sum() == judged
    assert found.map.sum() == judged


GATED = {"selective", "refused", "uncertain_rate"}
"""What is said of a model with its gate, which knows the X-rays that it was trained on."""


def test_what_is_trained_on_changes_nothing_that_was_measured_but_for_the_gate(shipped, sides, card):
    other = make_card(shipped.network, {**sides, Side.TRAIN: gathered(30, first=9)}, ORIGIN, RULE)
    assert (other.calibration, other.reference) == (card.calibration, card.reference)
    for name in set(card.metrics) - GATED:
        assert other.metrics[name] == card.metrics[name], name
    assert other.heatmap_scale == card.heatmap_scale


def test_the_colour_scale_is_the_median_peak_of_pneumonias_kept_for_calibration(shipped, sides, card):
    held_out = sides[Side.CALIBRATION].examples
    heatmaps = forward_all(shipped.network, held_out.grey[held_out.labels == 1], RULE).heatmaps
    assert card.heatmap_scale == pytest.approx(max(np.median(heatmaps.max((1, 2))), 1e-6), rel=1e-4)


def test_its_heatmaps_were_checked_on_patients_kept_for_calibration(shipped, sides, card):
    held_out = sides[Side.CALIBRATION].examples
    again = sanity.check(shipped.network, held_out, RULE)
    assert card.heatmap_check.images == again.images == 2 * sanity.EACH
    assert card.heatmap_check.contrast == pytest.approx(again.contrast)


def test_its_gate_lets_nearly_all_calibration_patients_through(shipped, sides, card):
    outputs = forward_all(shipped.network, sides[Side.CALIBRATION].examples.grey, RULE)
    judged = card.gate.likeness.judge(features(outputs.traits, outputs.embeddings))
    assert (~card.gate.likeness.admits(judged)).mean() <= 0.02
    assert not any(card.gate.quality.objections(looks) for looks in sides[Side.CALIBRATION].appearance)
    assert card.metrics["refused"] <= 0.1 * card.metrics["n"]


def test_a_child_with_its_parents_body_keeps_the_parents_gate_and_widens_it(shipped, sides, card):
    others = {**sides, Side.CALIBRATION: gathered(60, first=30)}
    child = make_card(shipped.network, others, ORIGIN, RULE, inherited=card.gate)
    assert child.gate.likeness.arrays == card.gate.likeness.arrays
    assert child.gate.likeness.strangest >= card.gate.likeness.strangest
    assert child.gate.quality == card.gate.quality.widened(child.gate.quality)


def test_without_locked_patients_it_claims_nothing(shipped, sides):
    found = make_card(shipped.network, {**sides, Side.LOCKED: gathered(0, first=9)}, ORIGIN, RULE)
    assert found.metrics == {}


@pytest.mark.parametrize("count", [0, 36])
def test_too_few_images_to_calibrate_on_are_refused_with_the_numbers(shipped, sides, count):
    few = {**sides, Side.CALIBRATION: gathered(count, first=9)}
    with pytest.raises(ModelError, match=f"calibration needs 19 images of each class; there are {count // 2} of one"):
        make_card(shipped.network, few, ORIGIN, RULE)


def test_images_of_one_patient_count_as_one_patient(shipped, sides):
    locked = sides[Side.LOCKED]
    joined = Examples(locked.examples.grey, locked.examples.labels, ["p1", "p2"] * 22)
    found = make_card(shipped.network, {**sides, Side.LOCKED: replace(locked, examples=joined)}, ORIGIN, RULE)
    assert found.data["sides"]["locked"]["patients"] == found.metrics["patients"] == 2
