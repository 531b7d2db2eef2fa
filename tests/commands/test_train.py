"""train: weights, card and split from a folder, with progress for people."""

import hashlib
import json
from argparse import Namespace

import pytest

from cxr_core.commands.judging import _recipe
from cxr_core.model.dataset import draw_side
from cxr_core.model.recipe import RELEASE
from cxr_core.records import Side
from tests.model.chests import write_chest

EACH = {Side.TRAIN: 30, Side.VALIDATION: 8, Side.CALIBRATION: 22, Side.LOCKED: 10}
"""Patients of each class on each side."""


@pytest.fixture
def folder(tmp_path):
    """Enough patients that every side has some of both classes."""
    left = {(side, opacity): count for side, count in EACH.items() for opacity in (False, True)}
    for number in range(1000):
        place = (draw_side(f"{RELEASE.split}:person{number}".encode()), number % 2 == 1)
        if left[place]:
            left[place] -= 1
            write_chest(tmp_path / "set", number, number % 2 == 1, size=64)
    return tmp_path / "set"


def test_training_writes_weights_card_and_split_that_can_be_used(run, folder, tmp_path):
    out = tmp_path / "new" / "folder" / "tiny.safetensors"
    answer = run("train", folder, "--out", out, "--stages", "32x1", "--seed", "3")
    assert answer.status == 0, answer.words
    (card,) = answer.lines
    assert card == json.loads(out.with_suffix(".card.json").read_text())
    assert card["weights_sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (card["name"], card["base"], card["parent"]) == ("tiny", "none", None)
    assert [entry["epoch"] for entry in card["history"]] == [1]
    assert len(out.with_suffix(".split.csv").read_text().splitlines()) == 2 * sum(EACH.values()) + 1
    assert "epoch 1/1" in answer.words
    assert not out.with_suffix(".checkpoint").exists()
    locked = run("evaluate", folder, "--side", "locked", "--model", out)
    assert locked.lines[0]["auc"] == pytest.approx(card["metrics"]["auc"])


@pytest.mark.parametrize("stage", ["224", "x4", "224x", "big x 4", "-1x2"])
def test_a_stage_that_is_none_is_a_wrong_call(run, folder, tmp_path, stage):
    answer = run("train", folder, "--out", tmp_path / "a.safetensors", f"--stages={stage}")
    assert (answer.status, answer.lines) == (2, [])
    assert "is not a stage: say a size in pixels and epochs, like 224x4" in answer.words


def test_a_stage_that_is_too_small_is_one_line(run, folder, tmp_path):
    answer = run("train", folder, "--out", tmp_path / "a.safetensors", "--stages", "8x1")
    assert answer.status == 1
    assert "size of at least 32" in answer.words


def test_a_folder_without_xrays_is_one_line(run, tmp_path):
    answer = run("train", tmp_path, "--out", tmp_path / "a.safetensors")
    assert answer.status == 1
    assert "no X-rays found: a data folder holds NORMAL/ and PNEUMONIA/" in answer.words


def test_another_learning_rate_and_seed_hold_to_the_end():
    recipe = _recipe(Namespace(learning_rate=2 * RELEASE.learning_rate, seed=5, stages=None))
    assert (recipe.seed, recipe.then.seed) == (5, 5)
    assert recipe.then.learning_rate == 2 * RELEASE.then.learning_rate
    assert _recipe(Namespace(learning_rate=RELEASE.learning_rate, seed=RELEASE.seed, stages=None)) == RELEASE
