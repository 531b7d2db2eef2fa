"""What the drift page shows: counts of what came in and was said, beside the running model's reference."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest

from cxr_core import clock
from cxr_core.drift.apart import is_clear
from cxr_core.drift.audited import FEWEST, differ
from cxr_core.drift.sight import SITE, Scope
from cxr_core.drift.trace import State
from cxr_core.errors import BadInput, NotFound
from cxr_core.model import release
from cxr_core.records import Label, Mode, Role
from cxr_core.store import alarms, images, models, predictions
from cxr_core.store.db import opened
from cxr_core.work.drift import freezing, mapping, reporting, rolling, watching
from cxr_core.work.drift.watching import LONGEST_DAYS, View
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.models import reading, stopping
from tests.store.rows import add_image, opinion
from tests.work.drifting import Stream
from tests.work.reading_rooms import put, read
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


def points(settings, user=COMMAND_LINE, device=None):
    """How many X-rays are drawn on the map."""
    found = mapping.drawn(settings.home, user, FIRST, clock.now().date(), device)
    assert found.reference.sum() > 0
    return len(found.points)


def states(settings, user=COMMAND_LINE):
    found = watching.watch(settings.home, user, View(28)).now
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
        assert sum(watching.watch(settings.home, COMMAND_LINE, View(days)).images.values()) == images_seen


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
        watching.watch(settings.home, COMMAND_LINE, View(28))


def test_the_past_is_looked_at_as_it_was(settings):
    with clock.at(clock.now() - timedelta(days=10)):
        see(settings, 40)
    then = clock.now().date() - timedelta(days=9)
    before = then - timedelta(days=2)
    found = watching.watch(settings.home, COMMAND_LINE, View(28, until=then))
    assert (found.model, found.until, sum(found.images.values())) == (FIRST, then, 40)
    assert watching.watch(settings.home, COMMAND_LINE, View(28, until=before)).images == {}
    assert watching.watch(settings.home, COMMAND_LINE, View(5)).images == {}


def test_the_version_that_was_in_use_then_is_looked_at_unless_another_is_asked_for(settings):
    yesterday = clock.now().date() - timedelta(days=1)
    see(settings, 40)
    add_second(settings, "promote")
    see(settings, 10, "second")
    seen = [watching.watch(settings.home, COMMAND_LINE, View(28, *chosen)).model for chosen in (
        (), (yesterday,), (None, FIRST))]  # fmt: skip
    assert seen == ["second", FIRST, FIRST]
    assert watching.versions(settings.home, COMMAND_LINE) == ["second", FIRST]
    assert watching.watch(settings.home, COMMAND_LINE, View(28, None, FIRST)).expected.n == 40
    with pytest.raises(BadInput, match=f"second wasn't in use yet on {yesterday}"):
        watching.watch(settings.home, COMMAND_LINE, View(28, yesterday, "second"))
    with pytest.raises(NotFound, match="no model third"):
        watching.watch(settings.home, COMMAND_LINE, View(28, None, "third"))


def test_a_device_is_looked_at_alone(settings):
    see(settings, 40)
    with opened(settings.home) as db:
        db.execute("UPDATE tallies SET device = 'tube'")
        db.execute("UPDATE images SET device = 'tube'")
    alone, other = (watching.watch(settings.home, COMMAND_LINE, View(28, device=name)) for name in ("tube", "other"))
    assert (alone.scope, sum(alone.images.values()), points(settings, device="tube")) == (
        Scope("device", "tube"),
        40,
        40,
    )
    assert (other.images, points(settings, device="other"), other.expected.n) == ({}, 0, 0)
    assert alone.slices == []


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
def test_what_is_hidden_from_readers_is_neither_on_their_map_nor_in_their_slices(settings, mode):
    see(settings, 40, mode=mode)
    for user, known in ((add_user(settings), 0), (add_user(settings, Role.ADMIN), 40)):
        found = watching.watch(settings.home, user, View(28))
        assert points(settings, user) == known
        assert {slices.change.now.n for slices in found.slices} == {known}
        assert {part.n for slices in found.slices for part in slices.parts} == {40}
        shown = {each.signal.name: each.current.sum() for each in found.distributions}
        assert (shown["answer"], shown["mean"]) == (known, 40)


def test_during_a_stop_no_opinion_is_on_a_readers_map(settings):
    see(settings, 40)
    reader, admin = add_user(settings), add_user(settings, Role.ADMIN)
    stopping.stop(settings.home, admin, "it misses too much")
    assert points(settings, reader) == 0
    assert points(settings, admin) == 40


def test_the_map_shows_the_newest_of_four_weeks_and_what_was_counted_alone(settings, monkeypatch):
    monkeypatch.setattr(mapping, "MOST", 30)
    see(settings, 40)
    assert points(settings) == 30
    with opened(settings.home) as db:
        db.execute("UPDATE images SET received_at = ?", (clock.ago(days=3),))
    assert points(settings) == 0, "they had waited"


def test_alarms_are_marked_for_admins_alone_and_for_a_device_only_its_own_and_the_sites(settings):
    see(settings, 2)
    day = clock.now().date()
    signal = {"beside": "site", "signal": "mean", "day": day.isoformat(), "effect": 0.3, "chance": 0.0, "n": 40,
              "what": "", "sudden": 0}  # fmt: skip
    with opened(settings.home) as db:
        for scope in ("site", "device tube"):
            number = alarms.open_one(db, scope, day.isoformat(), day.isoformat(), FIRST, "")
            alarms.attach(db, number, [{**signal, "scope": scope}])

    def seen(user, device=None):
        return [span.scope for span in watching.watch(settings.home, user, View(28, device=device)).alarms]

    admin = add_user(settings, Role.ADMIN)
    assert seen(add_user(settings)) == []
    assert seen(admin) == ["site", "device tube"]
    assert (seen(admin, "tube"), seen(admin, "other")) == (["site", "device tube"], ["site"])


def test_lines_follow_numbers_and_shares_beside_the_reference(settings):
    see(settings, 40)
    found = watching.watch(settings.home, COMMAND_LINE, View(28))
    lines = {(line.signal.name, line.word): line for line in found.lines}
    (point,) = lines["mean", ""].points
    assert (point.n, point.value) == (40, pytest.approx(0.5, abs=0.01))
    assert lines["mean", ""].low < lines["mean", ""].middle < lines["mean", ""].high
    assert lines["answer", "Pneumonia"].points[0].value == 0
    assert {said.scope for said in found.now} == {SITE}
    assert [mark.model for mark in found.releases] == [FIRST]


def test_how_readers_judge_is_told_to_those_who_know_of_all_modes_alone(settings):
    stream, today = Stream(settings.home), clock.now().date()
    with clock.at(clock.now() - timedelta(days=20)):
        stream.model("watched")
    for number in range(20):
        stream.comes(today - timedelta(days=number), "watched")
        stream.judged(today - timedelta(days=number), "watched", 3)
    assert states(settings)["of the ill"] is State.STEADY
    assert "of the ill" not in states(settings, add_user(settings, Role.RADIOLOGIST))


def test_what_readers_found_unaided_stands_beside_what_was_expected(settings, ann, ben):
    for number in range(FEWEST * 2):
        image = put(settings, number, mode=Mode.BLINDED, readers=2, probability=0.9)
        for user in (ann, ben):
            read(settings, user, image, Label.PNEUMONIA if number % 2 else Label.NORMAL)
    found = watching.watch(settings.home, COMMAND_LINE, View(28)).audited
    assert (found.n, found.sensitivity.value, found.specificity.value) == (FEWEST * 2, 1, 0)
    assert watching.watch(settings.home, ann, View(28)).audited.n == 0


def test_what_was_expected_and_what_was_found_are_of_the_same_days(settings):
    """A calibrated model after a winter with more who were ill: nothing is wrong with it."""
    stream, today = Stream(settings.home), clock.now().date()
    with clock.at(clock.now() - timedelta(days=80)):
        stream.model("watched")
    for number in range(80):
        stream.calibrated(today - timedelta(days=number), "watched", 20, ill=0.6 if number >= 28 else 0.2)
    for days in (28, 79):
        found = watching.watch(settings.home, COMMAND_LINE, View(days))
        assert found.audited.n == found.expected.n == 20 * days
        assert differ(found.expected, found.audited) == []


def test_what_cannot_be_looked_at_is_refused_in_words(settings):
    for view in (lambda: View(0), lambda: View(5000), lambda: View(28, date(9999, 12, 31)), lambda: View(28, date.min)):
        with pytest.raises(BadInput, match="can't be looked at"):
            view()
    assert watching.watch(settings.home, COMMAND_LINE, View(LONGEST_DAYS, clock.EARLIEST)).images == {}


def test_looking_back_stands_beside_the_reference_that_stood_then(settings, admin):
    stream, today = Stream(settings.home), clock.now().date()
    with clock.at(clock.now() - timedelta(days=60)):
        stream.model("watched")
        stream.freeze(admin, today - timedelta(days=61), "watched")
    for number in range(59):
        stream.comes(today - timedelta(days=number), "watched")
    stream.freeze(admin, today, "watched", shift=3.0)

    def beside(until):
        found = watching.watch(settings.home, COMMAND_LINE, View(28, until)).now
        return {said.finding.state for said in found if said.beside == "site" and said.finding.signal.name == "mean"}

    assert beside(today - timedelta(days=2)) == {State.STEADY}
    assert beside(None) == set(), "nothing came after the newest's last day"


def test_a_classifier_tells_what_is_new_to_the_network_from_the_sites_reference(settings, ann, admin):
    chance = np.random.default_rng(3)
    with clock.at(clock.now() - timedelta(days=3)):
        seen_as(settings, chance.gamma(1, size=(freezing.FEWEST, 512)), "then")
        freezing.freeze(settings.home, admin, "a test")
    today = clock.now().date()
    assert mapping.drawn(settings.home, admin, FIRST, today, None).apart is None, "nothing came since"
    seen_as(settings, chance.gamma(1, size=(60, 512)), "alike")
    assert not is_clear(mapping.drawn(settings.home, admin, FIRST, today, None).apart)
    seen_as(settings, chance.gamma(8, size=(60, 512)), "other")
    assert is_clear(mapping.drawn(settings.home, admin, FIRST, today, None).apart)
    assert mapping.drawn(settings.home, admin, FIRST, today, "none of these").apart is None
    assert mapping.drawn(settings.home, ann, FIRST, today, None).apart is None
    assert mapping.drawn(settings.home, admin, FIRST, today - timedelta(days=4), None).apart is None


def seen_as(settings, embeddings, name):
    """X-rays of a patient each, which the model saw so."""
    for number, embedding in enumerate(embeddings):
        image = put(settings, patient=f"{name} {number}", number=hash_of(name, number))
        with opened(settings.home) as db:
            db.execute("UPDATE predictions SET embedding = ? WHERE image = ?",
                       (embedding.astype(predictions.EMBEDDING).tobytes(), image))  # fmt: skip


def hash_of(name, number):
    return int.from_bytes(name.encode()) * 1000 + number
