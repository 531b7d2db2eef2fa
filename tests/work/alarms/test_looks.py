"""Looking once a day: at which days, by whom, and what a look leaves behind."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor

from cxr_core.drift.sight import Sight
from cxr_core.model import release
from cxr_core.store import models, site
from cxr_core.store.db import opened, transaction
from cxr_core.work.drift import alarming
from tests.work.alarms.conftest import BRIGHTER, come, day, look, look_daily, noon, standing


def test_a_day_is_looked_at_once_when_it_has_ended(settings, stream):
    come(stream, (0, 30))
    come(stream, (30, 32), (BRIGHTER, BRIGHTER))
    assert look(settings, 31) == [], "the second day that would be an alarm is today"
    with opened(settings.home) as db:
        assert site.get(db, alarming.LOOKED_UP_TO) == day(30).isoformat()
    assert look(settings, 32) == [1]
    assert look(settings, 32) == look(settings, 33) == []


def test_days_that_nobody_looked_at_are_caught_up_with(settings, stream, admin):
    come(stream, (0, 20))
    come(stream, (20, 25), (BRIGHTER, BRIGHTER))
    come(stream, (25, 60))
    assert look(settings, 60) == [1]
    (found,) = standing(settings, admin)
    assert found.alarm.opened_on == day(21).isoformat()
    assert {row["over"] is None for row in found.signals} == {False}


def test_a_clock_that_was_ahead_once_puts_no_look_off(settings, stream):
    come(stream, (0, 1))
    look(settings, 400)
    come(stream, (1, 40), (BRIGHTER, BRIGHTER))
    assert look(settings, 20) == [], "the days up to then were taken for looked at"
    assert look_daily(settings, 21, 40) == [1]


def test_without_a_reference_nothing_is_looked_at_until_there_is_one(settings, stream):
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    with noon(1), opened(settings.home) as db, transaction(db):
        models.add(db, {**release.card(), "name": "bare", "weights_sha256": "0" * 64, "reference": {}})
        models.decide(db, "bare", "promote", "a test", None)
    assert look(settings, 40) == []
    with opened(settings.home) as db, transaction(db):
        assert site.get(db, alarming.LOOKED_UP_TO) is None


def test_nothing_came_in_is_nothing_to_say(settings, stream):
    assert look(settings, 5) == []


def test_what_alarms_say_is_the_same_whether_quiet_days_are_passed_over_or_not(settings, stream, monkeypatch, admin):
    come(stream, (0, 60))
    come(stream, (60, 70), (BRIGHTER, BRIGHTER))
    looked_at = []
    asked = Sight.on
    monkeypatch.setattr(Sight, "on", lambda sight, day, *more: looked_at.append(day) or asked(sight, day, *more))
    assert look(settings, 70) == [1]
    assert min(looked_at) >= day(60)
    assert standing(settings, admin)[0].alarm.opened_on in map(str, looked_at)


def test_of_two_who_look_at_once_one_opens_the_alarm(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    with noon(40), ThreadPoolExecutor(4) as several:
        looks = [several.submit(contextvars.copy_context().run, alarming.look, settings.home) for _ in range(4)]
        assert sorted(number for each in looks for number in each.result()) == [1]
    assert len(standing(settings, admin)) == 1


def test_the_chore_looks_when_nobody_waits_and_not_again_at_once(settings, stream):
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    at_leisure = [False, True]
    with noon(40):
        chore = alarming.looking(settings.home, lambda: at_leisure.pop(0) if at_leisure else True)
        assert [next(chore) for _ in range(4)] == [False, True, False, False]


def test_a_look_that_fails_ends_no_worker(settings, stream):
    come(stream, (0, 2))
    with opened(settings.home) as db:
        db.execute("UPDATE tallies SET counts = x'00'")
    chore = alarming.looking(settings.home, lambda: True)
    with noon(3):
        assert [next(chore), next(chore)] == [False, False]
