"""How alarms go on over weeks: what opens one, joins one, falls silent, and is told again."""

from __future__ import annotations

from cxr_core.store import models
from cxr_core.store.db import opened
from cxr_core.work.drift import alarming
from tests.work.alarms.conftest import BRIGHTER, come, day, look, look_daily, noon, spoken, standing
from tests.work.sites import query


def test_images_like_the_references_open_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 60))
    assert look(settings, 60) == []
    assert standing(settings, admin) == []


def test_a_holiday_opens_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (44, 60))
    assert look_daily(settings, 1, 60) == []


def test_a_new_version_that_says_other_things_opens_nothing(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    with noon(30):
        stream.model("next", says=0.4)
    come(stream, (30, 60), says=0.4, model="next")
    assert look_daily(settings, 1, 60) == []
    with opened(settings.home) as db:
        assert models.running(db) == "next"


def test_a_model_that_misses_what_readers_find_unaided_is_told(settings, stream, admin):
    come(stream, (0, 40))
    for number in range(40):
        stream.judged(day(number), "watched", 3, missed=0.05 if number < 20 else 0.4)
    assert look_daily(settings, 1, 21) == []
    assert look_daily(settings, 21, 41) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "model", "of the ill")}
    assert found.alarm.guess == "a model that errs more often"


def test_what_changes_later_joins_the_alarm_that_is_open(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 35), (BRIGHTER, BRIGHTER))
    come(stream, (35, 40), (BRIGHTER, BRIGHTER), says=0.4)
    assert look_daily(settings, 1, 41) == [1]
    (found,) = standing(settings, admin)
    assert spoken(found) == {("site", "model", "mean"), ("site", "model", "probability")}
    assert [row["signal"] for row in found.signals] == ["mean", "probability"]


def test_what_changes_months_later_is_an_alarm_of_its_own(settings, stream, admin):
    come(stream, (0, 30))
    come(stream, (30, 90), (BRIGHTER, BRIGHTER))
    come(stream, (90, 100), (BRIGHTER, BRIGHTER), says=0.4)
    assert look_daily(settings, 1, 101) == [1, 2]


def test_a_closed_alarm_is_not_opened_again_while_the_change_lasts(settings, stream, admin):
    stream.freeze(admin, day(0), "watched")
    come(stream, (0, 30))
    come(stream, (30, 60), (BRIGHTER, 0.0))
    assert look_daily(settings, 1, 45) == [1]
    alarming.close(settings.home, admin, 1, "a new tube", "it stays")
    assert look_daily(settings, 45, 60) == []
    assert standing(settings, admin) == []


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
