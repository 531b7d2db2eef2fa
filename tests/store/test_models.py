"""Model versions, decisions on them, weights, and training sets."""

import hashlib

import pytest

from cxr_core.errors import NotFound
from cxr_core.store import models, training_sets
from tests.store.rows import CARD, add_model


def add_candidate(db, name="second", **card):
    models.add(db, {**CARD, "name": name, "parent": "first", **card})


def test_a_card_is_kept_as_it_was_written(db):
    add_model(db)
    assert models.card(db, "first") == CARD
    with pytest.raises(NotFound, match="no model third"):
        models.card(db, "third")


def test_before_the_first_is_installed_nothing_runs(db):
    assert models.running(db) is None


def test_what_was_promoted_last_runs_and_a_refusal_changes_nothing(db):
    add_model(db)
    add_candidate(db)
    models.decide(db, "second", "refuse", "worse", None)
    assert models.running(db) == "first"
    add_candidate(db, "third")
    models.decide(db, "third", "promote", "better", None)
    assert models.running(db) == "third"
    models.decide(db, "first", "roll back", "a mistake", None)
    assert models.running(db) == "first"


def test_models_are_numbered_in_turn(db):
    add_model(db)
    assert models.next_name(db, "cxr") == "cxr-2"


def test_every_model_comes_with_the_last_decision_on_it(db):
    add_model(db)
    add_candidate(db)
    found = {row["name"]: row["action"] for row in models.all_models(db)}
    assert found == {"first": "install", "second": None}


def test_weights_are_found_by_their_hash_and_stored_once(db):
    name = models.add_weights(db, b"tensors")
    assert models.add_weights(db, b"tensors") == name == hashlib.sha256(b"tensors").hexdigest()
    assert models.weights(db, name) == b"tensors"
    assert models.weights(db, "0" * 64) is None


def test_a_training_set_is_named_by_its_content_and_stored_once(db):
    first = training_sets.add(db, {"a": 1, "b": 2}, None)
    assert training_sets.add(db, {"b": 2, "a": 1}, None) == first
    assert training_sets.get(db, first) == {"a": 1, "b": 2}
    assert training_sets.add(db, {"a": 1, "b": 3}, None) != first


def test_a_training_set_that_is_not_there_is_not_found(db):
    with pytest.raises(NotFound, match="no training set"):
        training_sets.get(db, "0" * 64)
