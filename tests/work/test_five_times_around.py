"""The loop, five times around on real parts, with a reader who errs, and a bad retrain tried each time."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from cxr_core.errors import Conflict
from cxr_core.model.dataset import find_samples, read_split, split_file
from cxr_core.records import CLASSES, JobState, Label, Side
from cxr_core.store import audit, jobs, models
from cxr_core.store.db import opened, transaction
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import learning, lineage, retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.verifying import verify
from tests.work import plans
from tests.work.learners import copied, send
from tests.work.rounds import decide, disagree, learn, submit, truth, unread
from tests.work.sites import query

pytestmark = pytest.mark.usefixtures("one_thread")

ROUNDS, NEW = 5, 8
SABOTAGED = (0, 3)
"""Rounds in which a bad retrain is tried."""
ERRS = 0.1
OPTIONS = Options(epochs=3, learning_rate=0.0003)


def read_what_came(home, chance, first):
    """New X-rays, each read as what it shows but for the reader's errors, of which one is on the training side."""
    numbers = range(first, first + NEW)
    images = send(home, numbers)
    mistaken = next(image for image in images if image in unread(home, Side.TRAIN))
    for number, image in zip(numbers, images, strict=True):
        if image == mistaken:
            disagree(home, image)
        else:
            other = CLASSES[1 - CLASSES.index(truth(number))]
            submit(home, image, other if chance.random() < ERRS else truth(number))


def swapped(base, folder):
    """Base data of which all but the locked files lie in the other class's folder."""
    split = read_split(split_file(base))
    for sample in find_samples([base]):
        name = CLASSES[sample.label if split[sample.sha256] is Side.LOCKED else 1 - sample.label].upper()
        (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(sample.path, folder / name / f"{sample.path.parent.name}-{sample.path.name}")
    shutil.copy(split_file(base), split_file(folder))
    return folder


def a_bad_retrain(home, wrong):
    """A candidate that learnt every label the wrong way round, as the gate judged it."""
    settings, options = replace(home.settings, base_data=wrong), Options(epochs=60, learning_rate=0.01)
    drafted = retraining.preview(settings, home.admin, options)
    for item in drafted.items:
        if item["origin"] != "base data" and item["side"] != Side.LOCKED:
            item["label"] = CLASSES[1 - CLASSES.index(Label(item["label"]))].value
    with opened(home.path) as db, transaction(db):
        training_set = retraining.fix(db, home.admin, options, drafted)
    outcome = learning.learn(Desk(settings, "tester"), training_set)
    with opened(home.path) as db, transaction(db):
        outcome.write(db)
    return outcome.result


def is_refused(home, bad):
    """The gate says no, nobody can promote it all the same, and it is decided against."""
    assert not bad["passed"]
    with pytest.raises(Conflict, match="the AUC changes by -"):
        retraining.promote(home.path, home.admin, bad["candidate"], "I want it")
    retraining.refuse(home.path, home.admin, bad["candidate"], "it learnt the labels the wrong way round")


def test_five_times_around_only_what_the_gate_lets_through_is_ever_in_use(site, tmp_path):
    home, chance = copied(site[0], tmp_path / "home"), np.random.default_rng(5)
    plans.write(home.path, flagged_kept_out="0")
    wrong, promoted = swapped(home.settings.base_data, tmp_path / "wrong"), []
    for number in range(ROUNDS):
        read_what_came(home, chance, 1000 + 100 * number)
        before = running(home)
        if number in SABOTAGED:
            is_refused(home, a_bad_retrain(home, wrong))
            assert running(home) == before
        job = retraining.start(home.settings, home.admin, OPTIONS)
        learn(home)
        with opened(home.path) as db:
            found = jobs.get(db, job)
        assert (found.state, found.error) == (JobState.DONE, None)
        decide(home)
        assert (running(home) == found.result["candidate"]) is found.result["passed"]
        promoted += [found.result["candidate"]] * found.result["passed"]
        assert card_of(home, found.result["candidate"])["parent"] == before
    assert len(promoted) >= 3, "most good retrains get through"
    assert len(query(home.settings, "SELECT id FROM looks")) == ROUNDS + len(SABOTAGED)
    assert verify(home.path, COMMAND_LINE)["problems"] == []
    traced = lineage.find(home.path, home.admin, promoted[-1])
    assert {read["reader"] for version in traced.versions for read in version.reads} == {home.radiologist.name}
    learnt = [sets_behind(home, name) for name in promoted]
    assert all(earlier < later for earlier, later in pairwise(learnt)), "each builds on the last"


def running(home):
    with opened(home.path) as db:
        return models.running(db)


def card_of(home, name):
    with opened(home.path) as db:
        return models.card(db, name)


def sets_behind(home, name):
    """The training sets behind a model."""
    with opened(home.path) as db:
        assert audit.verify(db) > 0
        return set(models.training_sets_of(db, name))
