"""The gate as a part of a card: whole, or the card is refused."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from copy import deepcopy

import numpy as np
import pytest

from cxr_core.errors import ModelError
from cxr_core.model import release
from cxr_core.model.card import Card, is_usable
from cxr_core.model.gate import lessons, strangers
from cxr_core.model.gate.gate import KINDS, Gate


@pytest.fixture
def values():
    """The shipped card, to be spoilt."""
    return deepcopy(release.card())


def test_the_shipped_gate_is_whole_and_comes_back_from_json_as_it_was(values):
    gate = Gate.from_dict(values["gate"])
    assert Gate.from_dict(json.loads(json.dumps(values["gate"]))) == gate
    assert is_usable(values)


def test_what_it_tells_apart_is_what_it_is_taught():
    taught = {lessons.CHEST, *lessons.TURNS.values(), lessons.NEGATIVE, lessons.BROKEN, *strangers.KINDS}
    assert taught == KINDS


def replaced(*where):
    """Puts a value in a place of the card."""

    def spoil(values, value):
        *path, last = where
        for name in path:
            values = values[name]
        values[last] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "value"),
    [
        (replaced("gate", "quality", "least"), {}),
        (replaced("gate", "quality", "most"), {}),
        (replaced("gate", "quality", "most"), ["mean"]),
        (replaced("gate", "quality", "least", "mood"), 0.1),
        (replaced("gate", "quality", "least", "contrast"), np.nan),
        (replaced("gate", "quality", "most", "border"), np.inf),
        (replaced("gate", "quality", "most", "border"), "0.5"),
        (replaced("gate", "quality"), None),
        (replaced("gate", "likeness"), None),
        (replaced("gate", "likeness", "usual"), np.nan),
        (replaced("gate", "likeness", "strangest"), np.inf),
        (replaced("gate", "likeness", "strangest"), -100.0),
        (replaced("gate", "likeness", "farthest"), np.inf),
        (replaced("gate", "likeness", "farthest"), None),
        (replaced("gate", "likeness", "arrays"), ""),
        (replaced("gate", "likeness", "arrays"), None),
        (replaced("gate", "likeness", "kinds"), []),
        (replaced("gate", "likeness", "kinds"), ["chest"]),
        (replaced("gate", "likeness", "kinds", 0), "page"),
        (replaced("gate", "likeness", "kinds", 5), "mood"),
        (replaced("gate", "likeness", "kinds", 7), "mood"),
        (replaced("gate", "mood"), "good"),
        (replaced("calibration", "slope"), np.nan),
        (replaced("calibration", "threshold"), np.inf),
        (replaced("calibration", "normal_up_to"), 0.99),
        (replaced("calibration", "pneumonia_from"), 0.0),
        (replaced("calibration", "pneumonia_from"), None),
    ],
)
def test_a_card_with_a_damaged_gate_or_calibration_is_refused_and_said_to_be_unusable(values, spoil, value):
    spoil(values, value)
    assert not is_usable(values)
    with pytest.raises(ModelError):
        Card.from_dict(json.loads(json.dumps(values)))


def test_planes_for_other_features_than_the_networks_are_refused(values):
    likeness = values["gate"]["likeness"]
    parts = np.frombuffer(b64decode(likeness["arrays"]), "<f2")
    kinds = len(likeness["kinds"])
    rows = parts[:-kinds].reshape(2 + kinds, -1)[:, :100]
    likeness["arrays"] = b64encode(np.concatenate((rows.ravel(), parts[-kinds:])).tobytes()).decode("ascii")
    with pytest.raises(ModelError, match="weighs 100 features; the network gives 960"):
        Gate.from_dict(values["gate"])


def test_a_kind_that_is_missing_is_named(values):
    values["gate"]["likeness"]["kinds"][7] = "mood"
    with pytest.raises(ModelError, match="head, mood"):
        Gate.from_dict(values["gate"])
