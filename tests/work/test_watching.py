"""What the drift page shows: counts of what came in and was said, beside the running model's reference."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.sight import SITE
from cxr_core.drift.trace import State
from cxr_core.errors import BadInput
from cxr_core.model import release
from cxr_core.records import Label, Mode, Role
from cxr_core.store import images, models
from cxr_core.store.db import opened
from cxr_core.work import reading, reporting, rolling, stopping, watching
from cxr_core.work.guarding import COMMAND_LINE
from tests.store.rows import add_image, opinion
from tests.work.sites import add_user, new_home, picture, take_in

FIRST = release.card()["name"]


@pytest.fixture
def settings(tmp_path):
    with clock.at(clock.now() - timedelta(days=20)):
        return new_home(tmp_path)


def add_second(settings, action):
    with opened(settings.home) as db:
        models.add(db, {**release.card(), "name": "second", "parent": FIRST})
        models.decide(db, "second", action, "a test", None)


def see(settings, count, model=FIRST, mode=Mode.CONCURRENT):
    """Store images whose appearance and opinion are the same."""
    with opened(settings.home) as db:
        card = reading.Card.from_dict(models.card(db, model))
        for number in range(count):
            image = f"{number:064x}"
            if not images.exists(db, image):
                add_image(db, number, received_at=clock.stamp())
                db.execute("UPDATE images SET mode = ? WHERE id = ?", (mode.value, image))
                rolling.count_picture(db, images.get(db, image))
            reading.Reading(opinion(0.02, Label.NORMAL), []).write(db, images.get(db, image), card)


def states(settings, user=COMMAND_LINE):
    found = watching.watch(settings.home, user, 28).now
    return {said.finding.signal.name: said.finding.state for said in found}


def on_two_days(settings, count):
    """As see, on two days: an alarm needs two looks."""
    with clock.at(clock.now() - timedelta(days=1)):
        see(settings, count // 2)
    see(settings, count)


def test_only_the_days_asked_for_are_counted(settings):
    with clock.at(clock.now() - timedelta(days=10)):
        take_in(settings, picture(1))
    take_in(settings, picture(2))
    for days, images_seen in ((5, 1), (15, 2)):
        assert reporting.drift_now(settings.home, COMMAND_LINE, days)["images"] == images_seen
        assert sum(watching.watch(settings.home, COMMAND_LINE, days).images.values()) == images_seen


def test_it_can_be_written_as_json_and_names_every_signal(settings):
    see(settings, 3)
    found = json.loads(json.dumps(reporting.drift_now(settings.home, COMMAND_LINE, 28), allow_nan=False))
    assert (found["model"], found["days"], found["images"], found["alarms"]) == (FIRST, 28, 3, [])
    assert set(found["signals"][0]) >= {"name", "state", "n", "effect", "chance", "scope", "beside", "since"}
    assert {"mean", "noise", "probability", "axis1"} <= set(states(settings))


def test_too_few_images_say_nothing(settings):
    take_in(settings, picture(1), picture(2))
    assert set(states(settings).values()) == {State.TOO_FEW}


def test_a_model_that_always_says_the_same_is_an_alarm_at_the_second_look(settings):
    on_two_days(settings, 120)
    assert states(settings)["probability"] == State.ALARM


def test_what_one_look_alone_says_is_watched(settings):
    see(settings, 120)
    assert states(settings)["probability"] == State.WATCH


def test_a_release_is_not_drift(settings):
    on_two_days(settings, 120)
    add_second(settings, "promote")
    assert "probability" not in states(settings), "the new version has said nothing yet"


def test_an_image_that_a_new_version_read_again_counts_once_among_the_pictures(settings):
    see(settings, 40)
    add_second(settings, "promote")
    see(settings, 40, "second")
    found = reporting.drift_now(settings.home, COMMAND_LINE, 28)
    assert found["images"] == 40
    assert {signal["n"] for signal in found["signals"] if signal["name"] in ("mean", "answer")} == {40}


def test_an_opinion_that_is_there_already_is_not_counted_again(settings):
    see(settings, 40)
    see(settings, 40)
    found = reporting.drift_now(settings.home, COMMAND_LINE, 28)
    assert {signal["n"] for signal in found["signals"] if signal["name"] in ("mean", "answer")} == {40}


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
def test_what_is_hidden_from_readers_is_not_in_their_figures(settings, mode):
    see(settings, 40, mode=mode)
    reader, admin = add_user(settings), add_user(settings, Role.ADMIN)
    assert "probability" in states(settings, admin)
    assert "probability" not in states(settings, reader)
    assert "mean" in states(settings, reader)


def test_during_a_stop_the_figures_of_what_the_model_says_are_for_admins_alone(settings):
    see(settings, 40)
    reader, admin = add_user(settings), add_user(settings, Role.ADMIN)
    stopping.stop(settings.home, admin, "it misses too much")
    assert "probability" in states(settings, admin)
    assert "probability" not in states(settings, reader)


def test_a_card_without_a_reference_says_so(settings):
    with opened(settings.home) as db:
        card = {**release.card(), "name": "second", "parent": FIRST, "weights_sha256": "0" * 64, "reference": {}}
        models.add(db, card)
        models.decide(db, "second", "promote", "a test", None)
    with pytest.raises(BadInput, match="second has no reference"):
        watching.watch(settings.home, COMMAND_LINE, 28)


def test_lines_follow_numbers_and_shares_beside_the_reference(settings):
    see(settings, 40)
    found = watching.watch(settings.home, COMMAND_LINE, 28)
    lines = {(line.signal.name, line.word): line for line in found.lines}
    (point,) = lines["mean", ""].points
    assert (point.n, point.value) == (40, pytest.approx(0.5, abs=0.01))
    assert lines["mean", ""].low < lines["mean", ""].middle < lines["mean", ""].high
    assert lines["answer", "Pneumonia"].points[0].value == 0
    assert {said.scope for said in found.now} == {SITE}
    assert [mark.model for mark in found.releases] == [FIRST]
