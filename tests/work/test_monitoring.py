"""Watching: which models there are, when they changed, and what the drift page counts."""

import json
from datetime import datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.agreement import Judgements
from cxr_core.drift.signals import ENOUGH, State
from cxr_core.model import release
from cxr_core.records import Label
from cxr_core.store import images, models, predictions
from cxr_core.store.db import opened
from cxr_core.work import monitoring, recording
from cxr_core.work.guarding import COMMAND_LINE
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
                add_image(db, number, received_at=clock.stamp())
            predictions.add(db, image, model, opinion(0.02, Label.NORMAL))


def states(settings, days=28):
    found = monitoring.drift_now(settings.home, COMMAND_LINE, days)
    return {signal["name"]: signal["state"] for signal in found["signals"]}


def test_the_running_model_is_marked(settings):
    add_second(settings, "promote")
    assert monitoring.running_model(settings.home, COMMAND_LINE) == "second"
    assert {row["name"]: row["running"] for row in monitoring.model_versions(settings.home, COMMAND_LINE)} == {
        FIRST: False,
        "second": True,
    }


def test_a_refusal_is_a_decision_and_no_release(settings):
    add_second(settings, "refuse")
    assert [row["action"] for row in monitoring.decisions(settings.home, COMMAND_LINE)] == ["install", "refuse"]
    (installed,) = monitoring.releases(settings.home, COMMAND_LINE)
    assert (installed.model, installed.action) == (FIRST, "install")
    assert installed.at.tzinfo is not None


def test_only_the_days_asked_for_are_looked_at(settings):
    with clock.at(clock.now() - timedelta(days=10)):
        take_in(settings, picture(1))
    take_in(settings, picture(2))
    for days, images_seen in ((5, 1), (15, 2)):
        assert monitoring.drift_now(settings.home, COMMAND_LINE, days)["images"] == images_seen
        windows = monitoring.watch(settings.home, COMMAND_LINE, days).windows
        assert sum(window.n for window in windows if window.model is None) == images_seen


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


def test_drift_can_be_written_as_json_and_names_every_signal(settings):
    see(settings, 3)
    found = json.loads(json.dumps(monitoring.drift_now(settings.home, COMMAND_LINE, 28), allow_nan=False))
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
    assert monitoring.drift_now(settings.home, COMMAND_LINE, 28)["images"] == 2


def test_what_is_watched_holds_together(settings):
    take_in(settings, picture(1))
    found = monitoring.watch(settings.home, COMMAND_LINE, 28)
    assert [window.n for window in found.windows if window.model is None] == [1]
    assert [mark.model for mark in found.releases] == [FIRST]
    assert set(found.reference) == {signal.name for signal in found.signals}
    assert all(isinstance(mark.at, datetime) for mark in found.releases)


def test_an_image_that_a_new_version_read_again_counts_once_among_the_pictures(settings):
    see(settings, 40)
    add_second(settings, "promote")
    see(settings, 40, "second")
    found = monitoring.watch(settings.home, COMMAND_LINE, 28)
    counted = {(window.model, window.n) for window in found.windows}
    assert counted == {(None, 40), (FIRST, 40), ("second", 40)}
    assert monitoring.drift_now(settings.home, COMMAND_LINE, 28)["images"] == 40


def test_a_picture_counts_when_it_came_in_and_a_prediction_when_it_was_made(settings):
    with clock.at(clock.now() - timedelta(days=60)):
        take_in(settings, picture(1))
    add_second(settings, "promote")
    with opened(settings.home) as db:
        (image,) = db.execute("SELECT id FROM images").fetchone()
        predictions.add(db, image, "second", opinion())
    assert monitoring.drift_now(settings.home, COMMAND_LINE, 28)["images"] == 0
    counted = [(window.model, window.n) for window in monitoring.watch(settings.home, COMMAND_LINE, 91).windows]
    assert counted == [(None, 1), (FIRST, 1), (None, 0), ("second", 1)]


def test_a_prediction_that_was_not_made_is_counted_and_not_judged(settings):
    see(settings, 3)
    with opened(settings.home) as db:
        image = add_image(db, 99, received_at=clock.stamp())
        predictions.add_not_analysed(db, image, FIRST, ["view LL"])
    pictures, opinions = monitoring.watch(settings.home, COMMAND_LINE, 28).windows
    assert (pictures.n, opinions.n) == (4, 4)
    assert {signal.n for signal in opinions.signals} == {3}
