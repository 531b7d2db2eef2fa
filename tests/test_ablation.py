"""The table of recipes: its hold-outs are what they say, and a row can be trained and judged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cxr_core.errors import CxrError
from cxr_core.model.dataset import find_samples
from cxr_core.model.recipe import Recipe
from cxr_core.records import Side
from tests.model.chests import chest, png
from tools.ablation.folds import folds, named
from tools.ablation.rows import (
    AVERAGED_ROW,
    PRETRAINED_ROW,
    ROWS,
    SEED_RECIPE,
    SEEDS,
    SHIPPED_RECIPE,
    equalised,
    locally_normalised,
    outside_masked,
)
from tools.ablation.run import AIMS, Data, cells, judged, read_once, thresholds
from tools.ablation.shifts import SHIFTS, another_histogram
from tools.ablation.table import operating_points, results, table

CHANGES = [(name, change) for name, changes in SHIFTS.items() for change in changes]
IMAGE = chest(1, True, 96).astype(np.float32) / 255


@pytest.mark.parametrize(("column", "change"), CHANGES, ids=[change.__name__ for _, change in CHANGES])
def test_a_shift_gives_another_picture_of_the_same_kind_and_the_same_one_again(column, change):
    first, again = (change(IMAGE, np.random.default_rng(5)) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == IMAGE.shape
    assert np.array_equal(first, again)
    assert -0.01 <= first.min() < first.max() <= 1.01
    assert np.abs(first - IMAGE).mean() > 0.01


@pytest.mark.parametrize("prepare", [equalised, locally_normalised])
def test_a_preparation_leaves_a_picture(prepare):
    prepared = prepare(IMAGE)
    assert (prepared.dtype, prepared.shape) == (np.float32, IMAGE.shape)
    assert 0 <= prepared.min() < 0.2 < 0.8 < prepared.max() <= 1


def test_masking_leaves_the_chest_and_takes_what_lies_in_the_corners():
    letters = IMAGE.copy()
    letters[:9, :9] = 1
    plain, lettered = outside_masked(IMAGE), outside_masked(letters)
    assert np.array_equal(plain[40:60, 30:60], IMAGE[40:60, 30:60])
    assert np.ptp(lettered[:9, :9]) < 0.02


def test_another_histogram_is_one_of_the_other_class_and_the_picture_stays():
    images = np.stack([chest(n, n % 2, 64).astype(np.float32) / 255 * (0.5 + n % 2 / 2) for n in range(6)])
    labels = np.arange(6) % 2
    changed = another_histogram(images, labels, np.random.default_rng(1))
    for number, label in enumerate(labels):
        theirs = [np.sort(images[other].ravel()) for other in np.flatnonzero(labels != label)]
        assert any(np.allclose(np.sort(changed[number].ravel()), values) for values in theirs)
        assert np.corrcoef(changed[number].ravel(), images[number].ravel())[0, 1] > 0.8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A small folder whose names follow the public set's, every patient with one picture, and a second hospital's."""
    first, second = (tmp_path_factory.mktemp(name) for name in ("first", "second"))
    for label in ("NORMAL", "PNEUMONIA"):
        for folder in (first, second):
            (folder / label).mkdir()
    for number in range(180):
        batch, cause = ("", "NORMAL2-")[number % 2], ("bacteria", "virus")[number % 2]
        (first / "NORMAL" / f"{batch}IM-{number:04}-0001.png").write_bytes(png(chest(number, False, 64)))
        (first / "PNEUMONIA" / f"person{number}_{cause}_{number}.png").write_bytes(png(chest(500 + number, True, 64)))
        if number % 10 == 0:
            (first / "PNEUMONIA" / f"person{number}_virus_{900 + number}.png").write_bytes(
                png(chest(900 + number, True, 64))
            )
        if number < 20:
            (second / "NORMAL" / f"{number:08}_001.png").write_bytes(png(chest(2000 + number, False, 64)))
            (second / "PNEUMONIA" / f"{number:08}_002.png").write_bytes(png(chest(3000 + number, True, 64)))
    samples, others = find_samples([first]), find_samples([second])
    sides = {item.sha256: list(Side)[(number // 4) % 4] for number, item in enumerate(samples)}
    return Data(samples, others, sides, read_once([*samples, *others]))


def test_folds_leave_out_what_they_say(data):
    lowest, kinds = folds(named(data.samples))
    names = {item.sha256: item.path.name for item in data.samples}
    assert max(int(names[sha][6:].split("_")[0]) for sha in lowest.left_out if names[sha].startswith("person")) < 30
    assert {names[sha].split("-")[0] for sha in kinds.columns["batch"]} == {"NORMAL2"}
    assert all("virus" in names[sha] for sha in kinds.columns["virus"])


def test_nobody_who_is_left_out_is_learnt_from_by_another_image(data):
    for fold in folds(named(data.samples)):
        judged = {item.patient for item in data.samples if item.sha256 in frozenset().union(*fold.columns.values())}
        learnt = {item.patient for side in Side for item in data.on(side, fold)}
        assert judged
        assert learnt
        assert not judged & learnt


def test_the_second_hospitals_patients_are_learnt_from_or_judged_and_never_both(data):
    learnt, judged = ({item.patient for item in data.second_half(learnt)} for learnt in (True, False))
    assert learnt
    assert judged
    assert not learnt & judged


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("number", [0, 1])
def test_a_row_is_trained_and_judged_on_every_column(data, number):
    row = replace(next(iter(ROWS.values())), recipe=Recipe(((32, 1),), batch_size=8), second_domain=True)
    found = cells(data, row, folds(named(data.samples))[number], 0, lambda progress: None)
    own = (["lowest"], ["batch", "virus"])[number]
    assert set(found) == {
        "locked", *own, "histogram", "second hospital",
        *(f"{name} {place + 1}" for name, changes in SHIFTS.items() for place in range(len(changes))),
    }  # fmt: skip
    for cell in found.values():
        assert 0 <= cell["auc"] <= 1
        assert set(cell["balanced_accuracy"]) == set(map(str, AIMS))
        assert all(0 <= value <= 1 for value in cell["balanced_accuracy"].values())
    json.dumps(found)


def test_only_known_rows_have_several_seeds():
    assert set(SEEDS) <= set(ROWS)


def result(row, fold, seed, shifted, locked=0.99):
    own = (["lowest"], ["batch", "virus"])[fold]
    numbered = [f"{name} {place + 1}" for name, changes in SHIFTS.items() for place in range(len(changes))]
    cells = dict.fromkeys([*own, *numbered, "histogram"], shifted) | {"locked": locked, "second hospital": 0.5}
    columns = {
        name: {"auc": value, "balanced_accuracy": {str(aim): value / 2 for aim in AIMS}}
        for name, value in cells.items()
    }
    recipe = json.loads(json.dumps(ROWS[row].recipe.as_dict()))
    return {"row": row, "fold": str(fold), "seed": seed, "columns": columns, "recipe": recipe}


def test_the_table_tells_how_much_of_the_classic_loss_a_row_wins_back(tmp_path):
    other = next(name for name in ROWS if name not in SEEDS)
    found = [result(SEED_RECIPE, fold, seed, 0.95 + seed / 100) for fold in (0, 1) for seed in range(3)]
    found += [result(other, 0, 0, 0.97), result(other, 1, 0, 0.98)]
    found += [result(PRETRAINED_ROW, fold, seed, 0.99) for fold in (0, 1) for seed in range(2)]
    found += [result(SHIPPED_RECIPE, fold, seed, 0.98) for fold in (0, 1) for seed in range(3)]
    path = tmp_path / "ablation.jsonl"
    path.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    header, _, classic, better, shipped = table(results(path)).splitlines()
    assert header.startswith("| recipe | locked | shifted | won back | right at the threshold | lowest | batch")
    assert classic.startswith(f"| {SEED_RECIPE} | 0.990 | 0.960 (0.950 to 0.970) |  | 0.480 | 0.960 |")
    assert better.startswith(f"| {other} | 0.990 | 0.976 | 52% | 0.488 | 0.970 | 0.980 |")
    assert shipped.startswith(f"| {SHIPPED_RECIPE} | 0.990 | 0.980 (0.980 to 0.980) | 67% | 0.490 | 0.980 |")


@pytest.mark.parametrize("name", [SEED_RECIPE, SHIPPED_RECIPE])
def test_there_is_no_table_without_every_seed_of_the_classic_and_the_shipped_recipe(name):
    found = [
        result(row, fold, seed, 0.95)
        for row in (SEED_RECIPE, SHIPPED_RECIPE)
        for fold in (0, 1)
        for seed in range(3)
        if (row, fold, seed) != (name, 1, 2)
    ]
    with pytest.raises(CxrError, match="run `make ablation`") as refused:
        table(found)
    assert name in str(refused.value)


def test_a_threshold_is_as_sensitive_as_it_was_chosen_to_be_and_is_judged_on_both_classes():
    logits, labels = np.arange(200) / 20 - 5, (np.arange(200) >= 100).astype(int)
    found = judged(logits, labels, thresholds(logits, labels))
    assert found["auc"] == 1
    assert found["balanced_accuracy"] == pytest.approx({str(aim): (aim + 1) / 2 for aim in AIMS})
    blurred = judged(logits[::-1], labels, thresholds(logits, labels))
    assert blurred["balanced_accuracy"]["0.9"] == pytest.approx((0 + 0.1) / 2)


def test_operating_points_are_told_for_the_rows_that_are_there(tmp_path):
    path = tmp_path / "ablation.jsonl"
    found = [result(AVERAGED_ROW, fold, seed, 0.9) for fold in (0, 1) for seed in range(3)]
    path.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    lines = operating_points(results(path)).splitlines()
    assert lines[0] == "| mean of sensitivity and specificity | 0.9 | 0.93 | 0.95 | 0.97 | 0.99 |"
    assert lines[2:] == [
        f"| locked, {AVERAGED_ROW} | 0.495 | 0.495 | 0.495 | 0.495 | 0.495 |",
        f"| shifted, {AVERAGED_ROW} | 0.450 | 0.450 | 0.450 | 0.450 | 0.450 |",
    ]


def test_results_of_a_recipe_that_a_row_no_longer_has_are_refused(tmp_path):
    stale = result(SEED_RECIPE, 0, 0, 0.95)
    stale["recipe"]["learning_rate"] = 0.5
    (tmp_path / "ablation.jsonl").write_text(json.dumps(stale), encoding="utf-8")
    with pytest.raises(CxrError, match="has another recipe now"):
        results(tmp_path / "ablation.jsonl")
