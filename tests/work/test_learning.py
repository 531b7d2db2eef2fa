"""A retrain, really done, once around the loop."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cxr_core.errors import Conflict
from cxr_core.model.dataset import find_samples, read_split, split_file
from cxr_core.model.head import HeadRecipe
from cxr_core.model.network import to_file
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import JobState, Label, Lane, Side
from cxr_core.store import audit, models, predictions, training_sets
from cxr_core.store.db import opened, rows
from cxr_core.work import verifying
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import checkpoints, drafting, learning, reading, retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.models.retraining import start
from cxr_core.worker import new_worker, process_one_job
from tests.work.learners import BASE, FIRST, copied, read, send
from tests.work.sites import work_off

pytestmark = pytest.mark.usefixtures("one_thread")

LITTLE_KB = 60_000
"""What a retrain may take beyond what was there before it: less than a network's gradients and activations."""
HEAD = Options(epochs=12, learning_rate=0.01)


@pytest.mark.parametrize("trained", ["last block", "all"])
def test_a_fine_tuning_run_follows_the_admins_options_and_the_parents_rule(trained):
    options = {"trained": trained, "epochs": 7, "learning_rate": 0.002, "replay": 4}
    recipe = learning.recipe_of(options, Preprocessing(size=192))
    assert (recipe.epochs, recipe.stages, recipe.learning_rate) == (7, ((192, 7),), 0.002)
    assert (recipe.trained, recipe.body_share) == (trained, 0.1)


def test_so_does_one_of_the_head_alone():
    options = {"trained": "head", "epochs": 7, "learning_rate": 0.002, "replay": 4}
    assert learning.recipe_of(options, Preprocessing(size=192)) == HeadRecipe(192, 7, 0.002)


@pytest.fixture(scope="module")
def retrained(site, tmp_path_factory):
    """The site after a retrain of the head."""
    home = copied(site[0], tmp_path_factory.mktemp("retrained") / "home")
    start(home.settings, home.admin, HEAD)
    work_off(home.settings, Lane.LEARNING)
    return home


@pytest.fixture
def fresh(site, tmp_path):
    """A copy of the site as it was before, to be changed."""
    return copied(site[0], tmp_path / "home")


@pytest.fixture
def home(retrained, tmp_path):
    """A copy of the retrained site, to be changed."""
    return copied(retrained, tmp_path / "home")


def manifest_of(home):
    with opened(home.path) as db:
        return training_sets.get(db, retraining.newest_job(home.path, COMMAND_LINE).payload["training_set"])


def side_of(home, image):
    with opened(home.path) as db:
        sql = "SELECT side FROM patients JOIN images ON patient = pseudonym WHERE images.id = ?"
        return rows(db, sql, (image,))[0]["side"]


def test_a_retrain_makes_a_candidate_that_nothing_uses_yet(retrained):
    job = retraining.newest_job(retrained.path, COMMAND_LINE)
    assert (job.state, job.error) == (JobState.DONE, None)
    made = retraining.candidate(retrained.path, COMMAND_LINE)
    assert job.result == {"candidate": "cxr-resnet18-2", "passed": True}
    assert (made["name"], made["parent"], made["training_set"]) == (
        "cxr-resnet18-2", FIRST, job.payload["training_set"],
    )  # fmt: skip
    with opened(retrained.path) as db:
        assert models.running(db) == FIRST
    assert verifying.verify(retrained.path, COMMAND_LINE)["problems"] == []
    assert list((retrained.path / "checkpoints").iterdir()) == []


def test_its_progress_carries_the_curves(retrained):
    progress = retraining.newest_job(retrained.path, COMMAND_LINE).progress
    assert progress["doing"].startswith("comparing")
    assert [entry["epoch"] for entry in progress["history"]] == list(range(13))


def test_its_training_set_has_flags_and_replay_and_no_locked_patient(retrained):
    items = manifest_of(retrained)["items"]
    split = read_split(split_file(retrained.settings.base_data))
    assert sum(item["origin"] == "flagged" and item["side"] == Side.TRAIN for item in items) >= 3
    for item in items:
        own = split[item["image"]] if item["origin"] == "base data" else side_of(retrained, item["image"])
        assert item["side"] == own
    locked = [item for item in items if item["side"] == Side.LOCKED]
    assert {item["origin"] for item in locked} == {"base data"}
    assert len(locked) == 2 * BASE[Side.LOCKED]


def test_its_card_says_what_it_learnt_from_and_its_gate_compares_on_locked_patients(retrained):
    card = retraining.candidate(retrained.path, COMMAND_LINE)["card"]
    counted = card["data"]["sides"]
    assert sum(found["images"] for found in counted.values()) == len(manifest_of(retrained)["items"])
    assert card["recipe"] == HeadRecipe(224, HEAD.epochs, HEAD.learning_rate).as_dict()
    gate = card["metrics"]["gate"]
    assert [row["model"] for row in gate["compared"]] == ["cxr-resnet18-2", FIRST]
    assert {row["n"] for row in gate["compared"]} == {2 * BASE[Side.LOCKED]} == {card["metrics"]["n"]}
    assert gate["compared"][0]["auc"] == card["metrics"]["auc"]
    assert gate["compared"][0]["roc"] == card["metrics"]["roc"]
    assert all((row["roc"][0], row["roc"][-1]) == ([0, 0], [1, 1]) for row in gate["compared"])
    assert gate["compared"][0]["auc"] >= gate["compared"][1]["auc"]


def test_only_the_head_changed_and_only_it_is_stored(retrained, shipped):
    with opened(retrained.path) as db:
        (stored,) = rows(db, "SELECT tensors FROM weights")
        loaded = reading.load(db, "cxr-resnet18-2")
    assert len(stored["tensors"]) < 5_000
    assert to_file(loaded.network, shipped.network) == bytes(stored["tensors"])


def test_once_around_promote_read_again_roll_back(home, site):
    waiting = site[1]
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "it sees the patches")
    work_off(home.settings, Lane.READING)
    (new,) = send(home, [77])
    with opened(home.path) as db:
        assert {predictions.standing(db, image, None)["model"] for image in (*waiting, new)} == {"cxr-resnet18-2"}
        assert rows(db, "SELECT model FROM predictions WHERE image = ?", (new,)) == [{"model": "cxr-resnet18-2"}]
        was_read = rows(db, "SELECT DISTINCT image FROM reads")
        assert {predictions.standing(db, row["image"], None)["model"] for row in was_read} == {FIRST}
    retraining.roll_back(home.path, home.admin, FIRST, "to be sure")
    work_off(home.settings, Lane.READING)
    (newer,) = send(home, [78])
    with opened(home.path) as db:
        assert predictions.standing(db, newer, None)["model"] == FIRST
        assert predictions.standing(db, new, FIRST)["model"] == FIRST
        assert audit.verify(db) > 0
    assert retraining.earlier_models(home.path, COMMAND_LINE) == ["cxr-resnet18-2"]


def test_a_promoted_model_has_learnt_its_flags_and_a_second_retrain_starts_from_it(home):
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "it sees the patches")
    drafted = drafting.draft(home.settings, home.admin, HEAD)
    assert drafted.missing[0].startswith("nothing to learn")
    work_off(home.settings, Lane.READING)
    for image in send(home, range(100, 110)):
        _contradict(home, image)
    start(home.settings, home.admin, Options(epochs=2))
    work_off(home.settings, Lane.LEARNING)
    card = retraining.candidate(home.path, COMMAND_LINE)["card"]
    assert (card["name"], card["parent"]) == ("cxr-resnet18-3", "cxr-resnet18-2")
    assert [row["model"] for row in card["metrics"]["gate"]["compared"]] == ["cxr-resnet18-3", "cxr-resnet18-2", FIRST]
    with opened(home.path) as db:
        assert reading.load(db, "cxr-resnet18-3").card.parent == "cxr-resnet18-2"


def _contradict(home, image):
    """Record a read against what the model said, if it said something."""
    with opened(home.path) as db:
        said = predictions.standing(db, image, None)["label"]
    if said != Label.UNCERTAIN:
        read(home, image, Label.NORMAL if said == Label.PNEUMONIA else Label.PNEUMONIA)


def test_a_candidate_that_could_not_be_compared_is_not_put_to_use(fresh, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(fresh.settings.base_data, base)
    split = read_split(split_file(base))
    for sample in find_samples([base]):
        if split[sample.sha256] is Side.LOCKED:
            sample.path.unlink()
    home = replace(fresh, settings=replace(fresh.settings, base_data=base))
    start(home.settings, home.admin, replace(HEAD, epochs=1))
    work_off(home.settings, Lane.LEARNING)
    made = retraining.candidate(home.path, COMMAND_LINE)
    assert not made["card"]["metrics"]["gate"]["passed"]
    with pytest.raises(Conflict, match="comparing needs 20 locked patients of each class, and there are 0 of one"):
        retraining.promote(home.path, home.admin, made["name"], "I want it")
    retraining.refuse(home.path, home.admin, made["name"], "can't be compared")
    with opened(home.path) as db:
        assert models.running(db) == FIRST
        assert models.decisions(db)[-1]["action"] == "refuse"


def test_a_retrain_that_is_cancelled_while_it_runs_leaves_nothing(fresh):
    number = start(fresh.settings, fresh.admin, Options(epochs=100))
    worker = new_worker(fresh.settings, Lane.LEARNING)
    working = threading.Thread(target=process_one_job, args=(worker,))
    working.start()
    while not retraining.newest_job(fresh.path, COMMAND_LINE).progress:
        assert working.is_alive()
        time.sleep(0.01)
    retraining.cancel(fresh.path, fresh.admin, number)
    working.join()
    job = retraining.newest_job(fresh.path, COMMAND_LINE)
    assert (job.state, job.error) == (JobState.FAILED, "cancelled by Ada")
    assert retraining.candidate(fresh.path, COMMAND_LINE) is None
    with opened(fresh.path) as db:
        assert rows(db, "SELECT * FROM weights") == []
    assert list((fresh.path / "checkpoints").iterdir()) == []


def test_the_body_can_be_tuned_too_and_old_checkpoints_are_cleared_away(fresh, shipped):
    number = start(fresh.settings, fresh.admin, Options(trained="last block", epochs=1, replay=1))
    checkpoints.place(fresh.path, number + 1).write_bytes(b"left by a retrain that failed")
    work_off(fresh.settings, Lane.LEARNING)
    assert retraining.newest_job(fresh.path, COMMAND_LINE).error is None
    with opened(fresh.path) as db:
        loaded = reading.load(db, "cxr-resnet18-2")
    before, after = shipped.network.state_dict(), loaded.network.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"layer4", "fc"}
    assert loaded.card.recipe["trained"] == "last block"
    assert loaded.card.preprocessing == shipped.card.preprocessing
    assert list((fresh.path / "checkpoints").iterdir()) == []


def with_little_memory(settings):
    taken = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (1024 * (int(taken.split()[1]) + LITTLE_KB),) * 2)
    work_off(settings, Lane.LEARNING)


def test_a_retrain_that_gets_no_more_memory_fails_with_the_setting_that_allows_more(fresh):
    number = start(fresh.settings, fresh.admin, Options(trained="all", epochs=2))
    process = multiprocessing.get_context("fork").Process(target=with_little_memory, args=(fresh.settings,))
    process.start()
    process.join(300)
    job = retraining.newest_job(fresh.path, fresh.admin)
    assert (process.exitcode, job.id, job.state) == (0, number, JobState.FAILED)
    assert f"CXR_LEARNING_MEMORY_MB={fresh.settings.learning_memory_mb}" in job.error
    assert retraining.candidate(fresh.path, fresh.admin) is None
