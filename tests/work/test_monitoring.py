"""Watching: which models there are, when they changed, and what the drift page counts."""

from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.agreement import Judgements
from cxr_core.model import release
from cxr_core.records import Label
from cxr_core.store import models
from cxr_core.store.db import opened
from cxr_core.work.drift import monitoring
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.reading_room import recording
from tests.work.sites import add_user, form, new_home, picture, take_in

FIRST = release.card()["name"]


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def add_second(settings, action):
    with opened(settings.home) as db:
        models.add(db, {**release.card(), "name": "second", "parent": FIRST})
        models.decide(db, "second", action, "a test", None)


def test_the_running_model_is_the_one_last_put_to_use(settings):
    assert monitoring.running_model(settings.home, COMMAND_LINE) == FIRST
    add_second(settings, "promote")
    assert monitoring.running_model(settings.home, COMMAND_LINE) == "second"


def test_a_refusal_is_a_decision_and_no_release(settings):
    add_second(settings, "refuse")
    assert [row["action"] for row in monitoring.decisions(settings.home, COMMAND_LINE)] == ["install", "refuse"]
    (installed,) = monitoring.releases(settings.home, COMMAND_LINE)
    assert (installed.model, installed.action) == (FIRST, "install")
    assert installed.at.tzinfo is not None


def test_reads_with_nothing_to_agree_with_do_not_count(settings):
    reader = add_user(settings)
    (agreed,), (unsure,) = take_in(settings, picture(1)), take_in(settings, picture(2))
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET label = 'Normal'")
        db.execute("UPDATE predictions SET label = 'Uncertain' WHERE image = ?", (unsure.image,))
    recording.submit(settings.home, reader, form(settings, agreed.image))
    recording.submit(settings.home, reader, form(settings, unsure.image, label=Label.NORMAL))
    today = clock.now().date()
    assert monitoring.agreement(settings.home, COMMAND_LINE, 7) == [Judgements(today, FIRST, n=1, agreed=1)]
    with clock.at(clock.now() + timedelta(days=8)):
        assert monitoring.agreement(settings.home, COMMAND_LINE, 7) == []
