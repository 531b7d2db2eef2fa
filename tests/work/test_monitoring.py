"""Watching: which models there are, when they changed, and what the drift page counts."""

import json
from datetime import datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.signals import ENOUGH, State
from cxr_core.model import release
from cxr_core.records import Label
from cxr_core.store import images, models, predictions
from cxr_core.store.db import opened
from cxr_core.work import monitoring, reviewing
from tests.store.rows import add_image, opinion
from tests.work.sites import add_user, form, new_home, picture, take_in

FIRST = release.card()["name"]


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def add_second(settings, action):
    with opened(settings.home) as db:
        models.add(db, {**release.card(), "name": "second", "parent": FIRST})
        models.decide(db, "second", action, "a test", None)


def see(settings, count, model=FIRST):
    """Store images whose appearance and opinion are the same."""
    with opened(settings.home) as db:
        for number in range(count):
            image = f"{number:064x}"
            if not images.exists(db, image):
                add_image(db, number)
            predictions.add(db, image, model, opinion(0.02, Label.NORMAL))


def states(settings, days=28):
    found = monitoring.drift_now(settings.home, days)
    return {signal["name"]: signal["state"] for signal in found["signals"]}


def test_the_running_model_is_marked(settings):
    add_second(settings, "promote")
    assert monitoring.running_model(settings.home) == "second"
    assert {row["name"]: row["running"] for row in monitoring.model_versions(settings.home)} == {
        FIRST: False,
        "second": True,
    }


def test_a_refusal_is_a_decision_and_no_release(settings):
    add_second(settings, "refuse")
    assert [row["action"] for row in monitoring.decisions(settings.home)] == ["install", "refuse"]
    assert [(found.model, found.action) for found in monitoring.releases(settings.home)] == [(FIRST, "install")]
    assert monitoring.releases(settings.home)[0].at.tzinfo is not None


def test_only_the_days_asked_for_are_looked_at(settings):
    with clock.at(clock.now() - timedelta(days=10)):
        take_in(settings, picture(1))
    take_in(settings, picture(2))
    assert len(monitoring.observed(settings.home, 5)) == 1
    assert len(monitoring.observed(settings.home, 15)) == 2
    assert monitoring.drift_now(settings.home, 5)["images"] == 1


def test_reads_with_nothing_to_agree_with_do_not_count(settings):
    reader = add_user(settings)
    (agreed,), (blind,) = take_in(settings, picture(1)), take_in(settings, picture(2))
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET label = 'Normal'")
    reviewing.submit(settings.home, reader, form(settings, agreed.image))
    reviewing.submit(settings.home, reader, reviewing.ReadForm(blind.image, None, Label.NORMAL))
    assert [read["image"] for read in monitoring.agreement(settings.home, 7)] == [agreed.image]
    with clock.at(clock.now() + timedelta(days=8)):
        assert monitoring.agreement(settings.home, 7) == []


def test_drift_can_be_written_as_json_and_names_every_signal(settings):
    see(settings, 3)
    found = json.loads(json.dumps(monitoring.drift_now(settings.home, 28), allow_nan=False))
    assert (found["model"], found["days"], found["images"]) == (FIRST, 28, 3)
    assert [signal["name"] for signal in found["signals"]] == list(states(settings))
    assert set(found["signals"][0]) >= {"name", "state", "n", "distance", "p_value", "current_median"}


def test_too_few_images_say_nothing(settings):
    see(settings, ENOUGH - 1)
    assert set(states(settings).values()) == {State.TOO_FEW}


def test_a_model_that_always_says_the_same_is_an_alarm(settings):
    see(settings, 60)
    assert states(settings)["probability"] == State.ALARM


def test_a_release_is_not_drift(settings):
    see(settings, 60)
    add_second(settings, "promote")
    assert states(settings)["probability"] == State.TOO_FEW


def test_an_image_that_two_versions_predicted_counts_once(settings):
    take_in(settings, picture(1), picture(2))
    add_second(settings, "promote")
    with opened(settings.home) as db:
        for (image,) in db.execute("SELECT id FROM images").fetchall():
            predictions.add(db, image, "second", opinion())
    assert monitoring.drift_now(settings.home, 28)["images"] == 2


def test_what_is_watched_holds_together(settings):
    take_in(settings, picture(1))
    found = monitoring.watch(settings.home, 28)
    assert [window.n for window in found.windows if window.model is None] == [1]
    assert [mark.model for mark in found.releases] == [FIRST]
    assert set(found.reference) == {signal.name for signal in found.signals}
    assert all(isinstance(mark.at, datetime) for mark in found.releases)


def test_an_image_that_a_new_version_read_again_counts_once_among_the_pictures(settings):
    see(settings, 40)
    add_second(settings, "promote")
    see(settings, 40, "second")
    found = monitoring.watch(settings.home, 28)
    counted = {(window.model, window.n) for window in found.windows}
    assert counted == {(None, 40), (FIRST, 40), ("second", 40)}
    assert monitoring.drift_now(settings.home, 28)["images"] == 40
