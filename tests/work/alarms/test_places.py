"""Where an alarm is: the site, or the one device that a change comes from."""

from __future__ import annotations

from datetime import date

import pytest

from cxr_core.work.drift import alarming
from tests.work.alarms.conftest import BRIGHTER, come, day, look, look_daily, spoken, standing
from tests.work.drifting import MAKER


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
