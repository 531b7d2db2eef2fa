"""A retrain, really done, once around the loop."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace

import pytest
import torch

from cxr_core.errors import Conflict
from cxr_core.model.dataset import find_samples, read_split, split_file
from cxr_core.model.network import to_file
from cxr_core.records import JobState, Label, Lane, Side
from cxr_core.store import audit, models, predictions, training_sets
from cxr_core.store.db import opened, rows
from cxr_core.work import learning, planning, reading, requests, retraining, verifying
from cxr_core.work.planning import Options
from cxr_core.work.requests import Upload
from cxr_core.work.retraining import start
from cxr_core.worker import new_worker, process_one_job
from tests.model.chests import chest, png, public_set
from tests.work.learners import FIRST, new_home, read
from tests.work.sites import work_off

BASE = {Side.TRAIN: 10, Side.VALIDATION: 5, Side.CALIBRATION: 19, Side.LOCKED: 20}
HEAD = Options(epochs=12, learning_rate=0.01)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_fine_tuning_run_follows_the_admins_options():
    recipe = learning.recipe_of({"trained": "last block", "epochs": 7, "learning_rate": 0.002, "replay": 4})
    assert (recipe.epochs, recipe.stages, recipe.learning_rate) == (7, ((224, 7),), 0.002)
    assert (recipe.trained, recipe.body_share) == ("last block", 0.1)


def send(home, numbers):
    """Take chests in, odd numbers with pneumonia, each of a patient of its own; returns the images' ids."""
    jobs = [
        job
        for number in numbers
        for job in requests.take_in(
            home.settings, None, [Upload("x.png", png(chest(number, number % 2 == 1)))], f"patient {number}"
        )
    ]
    work_off(home.settings, Lane.READING)
    return [verdict.image for verdict in requests.verdicts(home.path, jobs)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A home with base data, thirty images taken in, and twenty-four of them read as what they are."""
    folder = tmp_path_factory.mktemp("site")
    home = new_home(folder / "home", base_data=public_set(folder / "base", BASE))
    images = send(home, range(30))
    for number, image in enumerate(images[:24]):
        read(home, image, Label.PNEUMONIA if number % 2 else Label.NORMAL)
    return home, images[24:]


def copied(home, folder):
    """The same home at another place."""
    shutil.copytree(home.path, folder)
    return replace(home, settings=replace(home.settings, home=folder))


@pytest.fixture(scope="module")
def retrained(site, tmp_path_factory):
    """The site after a retrain of the head."""
    home = copied(site[0], tmp_path_factory.mktemp("retrained") / "home")
    start(home.settings, home.admin, HEAD)
    work_off(home.settings, Lane.LEARNING)
    return home


@pytest.fixture
def home(retrained, tmp_path):
    """A copy of the retrained site, to be changed."""
    return copied(retrained, tmp_path / "home")


def manifest_of(home):
    with opened(home.path) as db:
        return training_sets.get(db, retraining.newest_job(home.path).payload["training_set"])


def side_of(home, image):
    with opened(home.path) as db:
        sql = "SELECT side FROM patients JOIN images ON patient = pseudonym WHERE images.id = ?"
        return rows(db, sql, (image,))[0]["side"]


def test_a_retrain_makes_a_candidate_that_nothing_uses_yet(retrained):
    job = retraining.newest_job(retrained.path)
    assert (job.state, job.error) == (JobState.DONE, None)
    made = retraining.candidate(retrained.path)
    assert job.result == {"candidate": "cxr-resnet18-2", "passed": True}
    assert (made["name"], made["parent"], made["training_set"]) == (
        "cxr-resnet18-2", FIRST, job.payload["training_set"],
    )  # fmt: skip
    with opened(retrained.path) as db:
        assert models.running(db) == FIRST
    assert verifying.verify(retrained.path)["problems"] == []
    assert list((retrained.path / "checkpoints").iterdir()) == []


def test_its_progress_carries_the_curves(retrained):
    progress = retraining.newest_job(retrained.path).progress
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
    card = retraining.candidate(retrained.path)["card"]
    counted = card["data"]["sides"]
    assert sum(found["images"] for found in counted.values()) == len(manifest_of(retrained)["items"])
    gate = card["metrics"]["gate"]
    assert [row["model"] for row in gate["compared"]] == ["cxr-resnet18-2", FIRST]
    assert {row["n"] for row in gate["compared"]} == {2 * BASE[Side.LOCKED]} == {card["metrics"]["n"]}
    assert gate["compared"][0]["auc"] == card["metrics"]["auc"]
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
        assert {predictions.latest(db, image)["model"] for image in (*waiting, new)} == {"cxr-resnet18-2"}
        assert rows(db, "SELECT model FROM predictions WHERE image = ?", (new,)) == [{"model": "cxr-resnet18-2"}]
        was_read = rows(db, "SELECT DISTINCT image FROM reads")
        assert {predictions.latest(db, row["image"])["model"] for row in was_read} == {FIRST}
    retraining.roll_back(home.path, home.admin, FIRST, "to be sure")
    work_off(home.settings, Lane.READING)
    (newer,) = send(home, [78])
    with opened(home.path) as db:
        assert predictions.latest(db, newer)["model"] == FIRST
        assert predictions.latest(db, new, FIRST)["model"] == FIRST
        assert audit.verify(db) > 0
    assert retraining.earlier_models(home.path) == ["cxr-resnet18-2"]


def test_a_promoted_model_has_learnt_its_flags_and_a_second_retrain_starts_from_it(home):
    retraining.promote(home.path, home.admin, "cxr-resnet18-2", "it sees the patches")
    planned = planning.plan(home.settings, HEAD)
    assert planned.missing[0].startswith("nothing to learn")
    work_off(home.settings, Lane.READING)
    for image in send(home, range(100, 110)):
        _contradict(home, image)
    start(home.settings, home.admin, Options(epochs=2))
    work_off(home.settings, Lane.LEARNING)
    card = retraining.candidate(home.path)["card"]
    assert (card["name"], card["parent"]) == ("cxr-resnet18-3", "cxr-resnet18-2")
    assert [row["model"] for row in card["metrics"]["gate"]["compared"]] == ["cxr-resnet18-3", "cxr-resnet18-2", FIRST]
    with opened(home.path) as db:
        assert reading.load(db, "cxr-resnet18-3").card.parent == "cxr-resnet18-2"


def _contradict(home, image):
    """Record a read against what the model said, if it said something."""
    with opened(home.path) as db:
        said = predictions.latest(db, image)["label"]
    if said != Label.UNCERTAIN:
        read(home, image, Label.NORMAL if said == Label.PNEUMONIA else Label.PNEUMONIA)


def test_a_candidate_that_could_not_be_compared_is_not_put_to_use(site, tmp_path):
    home = copied(site[0], tmp_path / "home")
    base = tmp_path / "base"
    shutil.copytree(home.settings.base_data, base)
    split = read_split(split_file(base))
    for sample in find_samples([base]):
        if split[sample.sha256] is Side.LOCKED:
            sample.path.unlink()
    home = replace(home, settings=replace(home.settings, base_data=base))
    start(home.settings, home.admin, replace(HEAD, epochs=1))
    work_off(home.settings, Lane.LEARNING)
    made = retraining.candidate(home.path)
    assert not made["card"]["metrics"]["gate"]["passed"]
    with pytest.raises(Conflict, match="comparing needs 20 locked images of each class; there are 0 of one"):
        retraining.promote(home.path, home.admin, made["name"], "I want it")
    retraining.refuse(home.path, home.admin, made["name"], "can't be compared")
    with opened(home.path) as db:
        assert models.running(db) == FIRST
        assert models.decisions(db)[-1]["action"] == "refuse"


def test_a_retrain_that_is_cancelled_while_it_runs_leaves_nothing(site, tmp_path):
    home = copied(site[0], tmp_path / "home")
    number = start(home.settings, home.admin, Options(epochs=100))
    worker = new_worker(home.settings, Lane.LEARNING)
    working = threading.Thread(target=process_one_job, args=(worker,))
    working.start()
    while not retraining.newest_job(home.path).progress:
        assert working.is_alive()
        time.sleep(0.01)
    retraining.cancel(home.path, home.admin, number)
    working.join()
    job = retraining.newest_job(home.path)
    assert (job.state, job.error) == (JobState.FAILED, "cancelled by Ada")
    assert retraining.candidate(home.path) is None
    with opened(home.path) as db:
        assert rows(db, "SELECT * FROM weights") == []
    assert list((home.path / "checkpoints").iterdir()) == []


def test_the_body_can_be_tuned_too_and_old_checkpoints_are_cleared_away(site, tmp_path, shipped):
    home = copied(site[0], tmp_path / "home")
    number = start(home.settings, home.admin, Options(trained="last block", epochs=1, replay=1))
    retraining.checkpoint_of(home.path, number + 1).write_bytes(b"left by a retrain that failed")
    work_off(home.settings, Lane.LEARNING)
    assert retraining.newest_job(home.path).error is None
    with opened(home.path) as db:
        loaded = reading.load(db, "cxr-resnet18-2")
    before, after = shipped.network.state_dict(), loaded.network.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"layer4", "fc"}
    assert list((home.path / "checkpoints").iterdir()) == []
