"""Looking once a day: what becomes an alarm, what doesn't, and what is done about one."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta

import pytest

from cxr_core import clock
from cxr_core.drift.sight import Sight
from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.model import release
from cxr_core.records import Role
from cxr_core.store import audit, models, site
from cxr_core.store.db import opened, transaction
from cxr_core.work import alarming
from tests.work.drifting import MAKER, Stream
from tests.work.sites import add_user, new_home, query

START = date(2026, 3, 2)
BRIGHTER = 1.5
"""Standard deviations."""


def day(number):
    return START + timedelta(days=number)


def noon(number):
    return clock.at(datetime.combine(day(number), time(12), UTC))


@pytest.fixture
def settings(tmp_path):
    with noon(-1):
        return new_home(tmp_path)


@pytest.fixture
def stream(settings):
    """X-rays that come in, like those of the model in use until a test says otherwise."""
    found = Stream(settings.home)
    with noon(0):
        found.model("watched")
    return found


def come(stream, days, shifts=(0.0, 0.0), says=0.0, model="watched"):
    """X-rays of each of the days from a number to another."""
    for number in range(*days):
        stream.comes(day(number), model, shifts, says)


def look(settings, number):
    with noon(number):
        return alarming.look(settings.home)


def look_daily(settings, *days):
    """The alarms that were opened by looks on each of the days from a number to another."""
    return [number for each in range(*days) for number in look(settings, each)]


def standing(settings, admin):
    return alarming.standing(settings.home, admin)


def spoken(told):
    return {(row["scope"], row["beside"], row["signal"]) for row in told.signals}


def test_images_like_the_references_open_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 60))
    assert look(settings, 60) == []
    assert standing(settings, admin) == []


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


def test_a_change_of_the_whole_site_is_one_alarm_with_its_beginning_and_a_guess(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    assert look_daily(settings, 1, 40) == [1]
    (found,) = standing(settings, admin)
    alarm = found.alarm
    assert (alarm.scope, alarm.model, alarm.owner, found.place) == ("site", "watched", None, {})
    assert alarm.opened_on == day(31).isoformat()
    assert abs((date.fromisoformat(alarm.since) - day(30)).days) <= 3
    assert alarm.guess == "another exposure or processing"
    assert {("site", "model", "mean"), ("site", "site", "mean")} <= spoken(found)
    assert {row["signal"] for row in found.signals} == {"mean"}


def test_what_changes_later_joins_the_alarm_that_is_open(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 35), (BRIGHTER, BRIGHTER))
    come(stream, (35, 40), (BRIGHTER, BRIGHTER), says=0.4)
    assert look_daily(settings, 1, 41) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "model", "mean"), ("site", "model", "probability")}
    assert [row["signal"] for row in found.signals] == ["mean", "probability"]


@pytest.mark.parametrize("shift", [0.6, BRIGHTER])
def test_a_change_at_one_device_alone_is_told_of_the_device(settings, stream, admin, shift):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 60), (shift, 0.0))
    assert look_daily(settings, 1, 60) == [1]
    (found,) = standing(settings, admin)
    assert (found.alarm.scope, found.place) == ("device left", {"device": "left"})
    assert ("device left", "site", "mean") in spoken(found)
    assert "device right" not in {scope for scope, _, _ in spoken(found)}


def test_devices_that_change_at_once_are_told_together(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 45), (BRIGHTER, -BRIGHTER))
    assert look_daily(settings, 1, 45) == [1]
    (found,) = standing(settings, admin)
    assert found.alarm.scope == "site"
    assert {"device left", "device right"} <= {scope for scope, _, _ in spoken(found)}


def test_another_device_that_changes_later_has_an_alarm_of_its_own(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 45), (BRIGHTER, 0.0))
    come(stream, (45, 60), (BRIGHTER, -BRIGHTER))
    assert look_daily(settings, 1, 45) == [1]
    alarming.close(settings.home, admin, 1, "a new tube", "it stays")
    assert look_daily(settings, 45, 60) == [2]
    assert [each.alarm.scope for each in standing(settings, admin)] == ["device right"]


def test_without_a_reference_of_the_site_nothing_is_told_of_devices(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 45), (BRIGHTER, 0.0))
    assert look(settings, 45) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "model", "mean")}


def test_a_closed_alarm_is_not_opened_again_while_the_change_lasts(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 60), (BRIGHTER, 0.0))
    assert look_daily(settings, 1, 45) == [1]
    alarming.close(settings.home, admin, 1, "a new tube", "it stays")
    assert look_daily(settings, 45, 60) == []
    assert standing(settings, admin) == []


def test_what_was_steady_in_between_is_an_alarm_again(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 35), (BRIGHTER, BRIGHTER))
    come(stream, (35, 100))
    come(stream, (100, 105), (BRIGHTER, BRIGHTER))
    assert look_daily(settings, 1, 36) == [1]
    alarming.close(settings.home, admin, 1, "a wrong window", "put right")
    assert look_daily(settings, 36, 100) == []
    assert query(settings, "SELECT alarm FROM alarm_signals WHERE over IS NULL") == []
    assert look_daily(settings, 100, 106) == [2]


def test_a_signal_that_speaks_again_within_weeks_joins_its_open_alarm_once_more(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 32), (BRIGHTER, BRIGHTER))
    come(stream, (32, 55))
    come(stream, (55, 58), (BRIGHTER, BRIGHTER))
    assert look_daily(settings, 1, 55) == [1]
    assert [row["over"] is None for row in standing(settings, admin)[0].signals] == [False]
    assert look_daily(settings, 55, 59) == []
    (found,) = standing(settings, admin)
    assert [(row["signal"], row["over"]) for row in found.signals] == [("mean", None)]


def test_a_new_version_that_says_other_things_opens_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    with noon(30):
        stream.model("next", says=0.4)
    come(stream, (30, 60), says=0.4, model="next")
    assert look_daily(settings, 1, 60) == []
    with opened(settings.home) as db:
        assert models.running(db) == "next"


def test_a_holiday_opens_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (44, 60))
    assert look_daily(settings, 1, 60) == []


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


@pytest.fixture
def alarm(settings, stream):
    """The number of an alarm that is open."""
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, BRIGHTER))
    (number,) = look(settings, 40)
    return number


def test_an_admin_takes_an_alarm_and_closes_it_with_what_it_was(settings, alarm, admin):
    alarming.take(settings.home, admin, alarm)
    assert standing(settings, admin)[0].alarm.owner == "admin"
    alarming.close(settings.home, admin, alarm, " a new tube ", " called ")
    assert standing(settings, admin) == []
    (found,) = alarming.past(settings.home, admin)
    assert (found.cause, found.action, found.closed_by) == ("a new tube", "called", "admin")
    events = query(settings, "SELECT actor, action, subject FROM audit WHERE action LIKE '%alarm' ORDER BY id")
    assert events == [
        {"actor": "admin", "action": f"{verb} alarm", "subject": str(alarm)} for verb in ("take", "close")
    ]
    with opened(settings.home) as db:
        audit.verify(db)


def test_another_admin_may_take_an_alarm_over(settings, alarm, admin):
    other = add_user(settings, Role.ADMIN, "other")
    alarming.take(settings.home, admin, alarm)
    alarming.take(settings.home, other, alarm)
    assert standing(settings, admin)[0].alarm.owner == "other"


@pytest.mark.parametrize(("cause", "action"), [("", "called"), ("a tube", "  ")])
def test_an_alarm_is_not_closed_without_words(settings, alarm, admin, cause, action):
    with pytest.raises(BadInput, match="say what it was"):
        alarming.close(settings.home, admin, alarm, cause, action)
    assert len(standing(settings, admin)) == 1
    assert query(settings, "SELECT * FROM audit WHERE action = 'close alarm'") == []


def test_a_closed_alarm_is_neither_taken_nor_closed_again(settings, alarm, admin):
    alarming.close(settings.home, admin, alarm, "a tube", "called")
    for act in (alarming.take, lambda *where: alarming.close(*where, "nothing", "nothing")):
        with pytest.raises(Conflict, match="closed already, by admin: “a tube”"):
            act(settings.home, admin, alarm)
    assert alarming.past(settings.home, admin)[0].cause == "a tube"


def test_an_alarm_that_is_not_there_is_not_found(settings, admin):
    with pytest.raises(NotFound):
        alarming.take(settings.home, admin, 9)


def test_alarms_are_for_admins(settings, alarm, ann):
    for use, more in ((alarming.standing, ()), (alarming.take, (alarm,)), (alarming.close, (alarm, "a", "b"))):
        with pytest.raises(NotAllowed):
            use(settings.home, ann, *more)


def test_what_was_closed_as_known_of_the_models_reference_hides_no_later_change_of_the_site(settings, stream, admin):
    come(stream, (0, 12), (BRIGHTER, BRIGHTER))
    assert look_daily(settings, 1, 12) == [1]
    alarming.close(settings.home, admin, 1, "our tubes are brighter than the model's", "none")
    stream.freeze(admin, day(11), "watched", BRIGHTER)
    come(stream, (12, 40), (BRIGHTER, BRIGHTER))
    assert look_daily(settings, 12, 40) == [], "it goes on as it was"
    come(stream, (40, 50), (2 * BRIGHTER, 2 * BRIGHTER))
    assert look_daily(settings, 40, 50) == [2]
    (found,) = standing(settings, admin)
    assert (found.alarm.scope, ("site", "site", "mean") in spoken(found)) == ("site", True)


def test_a_version_that_is_far_from_its_own_reference_is_told_whatever_was_closed_of_the_one_before(
    settings, stream, admin
):
    come(stream, (0, 20), says=0.4)
    assert look_daily(settings, 1, 20) == [1]
    alarming.close(settings.home, admin, 1, "more of them are ill", "retrained")
    with noon(20):
        stream.model("second", says=-0.2)
    come(stream, (20, 40), says=0.4, model="second")
    assert look_daily(settings, 20, 40) == [2]


def test_a_device_that_sends_nothing_any_more_falls_silent(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 40), (BRIGHTER, 0.0))
    assert look_daily(settings, 1, 41) == [1]
    for number in range(40, 80):
        stream.comes_from("right", day(number), "watched")
    assert look_daily(settings, 41, 80) == []
    (found,) = standing(settings, admin)
    assert {row["over"] is None for row in found.signals} == {False}


def test_what_changes_months_later_is_an_alarm_of_its_own(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 90), (BRIGHTER, BRIGHTER))
    come(stream, (90, 100), (BRIGHTER, BRIGHTER), says=0.4)
    assert look_daily(settings, 1, 101) == [1, 2]


def test_a_model_that_misses_what_readers_find_unaided_is_told(settings, stream, admin):
    come(stream, (0, 40))
    for number in range(40):
        stream.judged(day(number), "watched", 3, missed=0.05 if number < 20 else 0.4)
    assert look_daily(settings, 1, 21) == []
    assert look_daily(settings, 21, 41) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "model", "of the ill")}
    assert found.alarm.guess == "a model that errs more often"


def test_a_change_that_a_device_brings_which_the_reference_does_not_know_is_told_of_the_device(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (1, 30))
    for number in range(30, 40):
        stream.comes(day(number), "watched")
        stream.comes_from("new", day(number), "watched", BRIGHTER, count=15)
    assert look_daily(settings, 1, 41) == [1]
    (found,) = standing(settings, admin)
    assert found.place == {"device": "new"}
    assert ("site", "site", "station") in spoken(found) and ("site", "site", "mean") in spoken(found)
    assert found.alarm.guess == "another machine or protocol"


def test_a_change_of_all_is_not_put_down_to_a_device_that_came_just_then(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (1, 30))
    for number in range(30, 40):
        stream.comes(day(number), "watched", (BRIGHTER, BRIGHTER))
        stream.comes_from("new", day(number), "watched", BRIGHTER, count=2)
    look_daily(settings, 1, 41)
    assert "site" in {found.alarm.scope for found in standing(settings, admin)}


def test_a_clock_that_was_ahead_once_puts_no_look_off(settings, stream):
    come(stream, (0, 1))
    look(settings, 400)
    come(stream, (1, 40), (BRIGHTER, BRIGHTER))
    assert look(settings, 20) == [], "the days up to then were taken for looked at"
    assert look_daily(settings, 21, 40) == [1]


def test_what_alarms_say_is_the_same_whether_quiet_days_are_passed_over_or_not(settings, stream, monkeypatch, admin):
    come(stream, (0, 60))
    come(stream, (60, 70), (BRIGHTER, BRIGHTER))
    looked_at = []
    asked = Sight.on
    monkeypatch.setattr(Sight, "on", lambda sight, day, *more: looked_at.append(day) or asked(sight, day, *more))
    assert look(settings, 70) == [1]
    assert min(looked_at) >= day(60)
    assert standing(settings, admin)[0].alarm.opened_on in map(str, looked_at)


def test_a_look_that_fails_ends_no_worker(settings, stream):
    come(stream, (0, 2))
    with opened(settings.home) as db:
        db.execute("UPDATE tallies SET counts = x'00'")
    chore = alarming.looking(settings.home, lambda: True)
    with noon(3):
        assert [next(chore), next(chore)] == [False, False]


@pytest.mark.parametrize(
    ("tube", "equipment", "signals", "what"),
    [
        ("new", MAKER, {"station"}, "never seen"),
        ("left", "another maker", {"equipment"}, "never seen"),
        ("new", "another maker", {"station", "equipment"}, "never seen"),
        ("", "", {"station", "equipment"}, "missing"),
    ],
)
def test_x_rays_from_where_the_reference_has_none_are_an_alarm_of_the_machine_or_else_of_the_site(
    settings, stream, admin, tube, equipment, signals, what
):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    for number in range(30, 40):
        come(stream, (number, number + 1))
        stream.comes_from(tube, day(number), "watched", count=6, equipment=equipment)
    assert look_daily(settings, 1, 41) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "site", signal) for signal in signals}
    assert {row["what"] for row in found.signals} == {what}
    guess = "another machine or protocol" if what == "never seen" else "a header that isn't filled any more"
    assert (found.alarm.scope, found.alarm.guess) == ("device new" if tube == "new" else "site", guess)


def test_without_a_reference_of_the_site_every_machine_is_as_new_as_any_other(settings, stream):
    come(stream, (0, 30))
    for number in range(30, 40):
        stream.comes_from("new", day(number), "watched", equipment="another maker")
    assert look_daily(settings, 1, 41) == []


def test_a_reference_that_knows_the_new_machine_ends_the_alarm_and_brings_no_other(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 20))
    for number in range(20, 60):
        come(stream, (number, number + 1))
        stream.comes_from("new", day(number), "watched", count=6)
        if number == 40:
            assert look_daily(settings, 1, 41) == [1]
            stream.freeze(admin, day(40), "watched", tubes=("left", "right", "new"))
    assert look_daily(settings, 41, 61) == []
    (found,) = standing(settings, admin)
    assert {row["over"] is None for row in found.signals} == {False}
