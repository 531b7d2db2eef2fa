"""The past retrain of the demo's story: once, whatever becomes of the demo meanwhile, and without the queue."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import Conflict
from cxr_core.records import JobState
from cxr_core.store.db import opened
from cxr_core.work import demo, verifying
from cxr_core.work.doing import Desk
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.story import RETRAINED_WITH
from tests.work.learners import FIRST, add_model, copied
from tests.work.sites import query

pytestmark = pytest.mark.usefixtures("one_thread")

THEIRS = "cxr-theirs"


def tell_of_it(home, tell=lambda progress: None):
    desk = Desk(home.settings, "w", tell)
    demo.past_retrain(desk, home.admin, clock.now() - timedelta(days=15))


def trained(home):
    """The models that were trained here."""
    return query(home.settings, "SELECT * FROM models WHERE training_set NOT NULL")


def decided(home):
    """What was decided since the program's release was installed."""
    return query(home.settings, "SELECT * FROM decisions WHERE action != 'install'")


@pytest.fixture(scope="module")
def broken(site, tmp_path_factory):
    """A home whose admin has a retrain queued and a candidate waiting; the story's retrain was stopped at its end."""
    home = copied(site[0], tmp_path_factory.mktemp("broken") / "home")
    retraining.start(home.settings, home.admin, Options(epochs=1))
    add_model(home, THEIRS)

    def stop(progress):
        if "doing" in progress:
            raise Conflict("stopped")

    with pytest.raises(Conflict, match="stopped"):
        tell_of_it(home, stop)
    return home


@pytest.fixture(scope="module")
def told(broken, tmp_path_factory):
    """The same home after the story's retrain was told again, twice."""
    home = copied(broken, tmp_path_factory.mktemp("told") / "home")
    tell_of_it(home)
    tell_of_it(home)
    return home


def test_one_that_is_broken_off_leaves_nothing_to_clear_away(broken):
    assert trained(broken) == decided(broken) == query(broken.settings, "SELECT * FROM weights") == []
    assert query(broken.settings, "SELECT * FROM jobs WHERE worker NOT NULL AND state = 'running'") == []


def test_it_is_done_once_and_decided_on_by_its_gate(told):
    (model,) = trained(told)
    (decision,) = decided(told)
    card = json.loads(model["card"])
    assert (decision["model"], decision["decided_by"]) == (model["name"], told.admin.id)
    assert decision["action"] == ("promote" if card["metrics"]["gate"]["passed"] else "refuse")
    assert card["metrics"]["gate"]["compared"][1]["model"] == FIRST
    assert card["recipe"]["epochs"] == RETRAINED_WITH.epochs
    assert verifying.verify(told.path, COMMAND_LINE)["problems"] == []


def test_it_lies_in_the_past(told):
    assert max(trained(told)[0]["made_at"], decided(told)[0]["decided_at"]) < clock.ago(days=14)


def test_what_others_asked_for_meanwhile_stays_theirs(told):
    job = retraining.newest_job(told.path, told.admin)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert retraining.candidate(told.path, told.admin)["name"] == THEIRS


def test_a_candidate_that_was_made_before_the_demo_was_killed_is_the_one_that_is_decided_on(told, tmp_path):
    home = copied(told, tmp_path / "home")
    with opened(home.path) as db:
        db.execute("DELETE FROM decisions WHERE action != 'install'")
    tell_of_it(home)
    assert [row["model"] for row in decided(home)] == [row["model"] for row in decided(told)]
    assert trained(home) == trained(told)


def test_where_somebody_decided_on_a_model_already_nothing_is_added(broken, tmp_path):
    home = copied(broken, tmp_path / "home")
    retraining.refuse(home.path, home.admin, THEIRS, "of no use")
    tell_of_it(home)
    assert [row["model"] for row in decided(home)] == [THEIRS]
    assert trained(home) == []
