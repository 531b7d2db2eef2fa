from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from cxr_core.drift.sight import SITE, Days, Scope, Sight, Watched, known
from cxr_core.drift.trace import Budget, State, Trace
from tests.drift.streams import BOTH, FIRST, NUMBERS, WORDS, images, stream


@pytest.fixture(scope="module")
def reference():
    return BOTH.count(images(np.random.default_rng(0), 1000))


def seen(reference, tallies, scope=SITE, days=None):
    return Watched(scope, "model", Trace(stream(tallies, days=days), reference, BOTH.signals))


def tallies(seed, days, n=20, **change):
    chance = np.random.default_rng(seed)
    return [BOTH.count(images(chance, n, **change)) for _ in range(days)]


def test_everything_is_said_of_the_day_or_of_the_last_before(reference) -> None:
    device = Scope("device", "room 2")
    sight = Sight([seen(reference, tallies(1, 50)), seen(reference, tallies(2, 9, shift=2), device, range(20, 29))])
    said = sight.on(FIRST + timedelta(40))
    assert [each.key for each in said] == [
        ("site", "model", "number"),
        ("site", "model", "word"),
        ("device room 2", "model", "number"),
        ("device room 2", "model", "word"),
    ]
    assert [each.finding.state for each in said] == [State.STEADY, State.STEADY, State.ALARM, State.STEADY]
    assert said[2].finding.since == FIRST + timedelta(20)
    assert [each.scope for each in sight.on(FIRST + timedelta(19))] == [SITE, SITE]
    assert sight.on(FIRST - timedelta(1)) == []


def test_all_that_is_watched_shares_one_budget(reference) -> None:
    one, other = seen(reference, tallies(1, 40)), seen(reference, tallies(2, 40), Scope("view", "PA"))
    alone, both = Sight([one]).limits(FIRST + timedelta(39)), Sight([one, other]).limits(FIRST + timedelta(39))
    assert both.alarm == pytest.approx(alone.alarm / 2)
    assert both.height == pytest.approx(alone.height + np.log(2))
    assert alone == Budget().limits(2, one.trace.detectors, 20 * 365)


def test_the_busiest_stream_sets_the_pace(reference) -> None:
    devices = [seen(reference, tallies(n, 40, n), Scope("device", str(n))) for n in (5, 30)]
    sight = Sight(devices)
    assert sight.limits(FIRST + timedelta(39)) == Budget().limits(4, sight.detectors, 30 * 365)


def test_streams_without_images_are_left_out(reference) -> None:
    empty = seen(reference, np.zeros((0, BOTH.width), np.int64))
    assert Sight([empty]).watched == []
    assert Sight([empty]).on(FIRST) == []
    assert Sight([empty]).comparisons == Sight([]).detectors == 0


def test_counts_are_added_up_by_day_for_all_and_for_each_place_asked_for() -> None:
    early, late, more, other = tallies(3, 4)
    room, view = Scope("device", "room"), Scope("view", "PA")
    days = Days(BOTH, FIRST, FIRST + timedelta(9), [SITE, room, view])
    for place, device, shown, tally in (
        (2, "room", "PA", late), (0, "room", "AP", early), (2, "", "PA", more), (2, "ward", "", other),
    ):  # fmt: skip
        days.add(FIRST + timedelta(place), device, shown, 20, tally)
    for scope, found in (
        (SITE, {0: early, 2: late + more + other}), (room, {0: early, 2: late}), (view, {2: late + more}),
    ):  # fmt: skip
        known = days.stream(scope)
        assert known.days == [FIRST + timedelta(place) for place in found]
        assert np.array_equal(known.tallies, list(found.values()))
    assert days.stream(SITE, FIRST + timedelta(1)).days == [FIRST + timedelta(2)]


def test_days_whose_images_were_all_erased_are_none() -> None:
    (tally,) = tallies(3, 1)
    days = Days(BOTH, FIRST, FIRST + timedelta(1))
    days.add(FIRST, "room", "PA", 0, BOTH.nothing())
    days.add(FIRST + timedelta(1), "room", "PA", 20, tally)
    assert days.stream().days == [FIRST + timedelta(1)]


def test_a_stream_of_no_counts_has_no_days() -> None:
    found = Days(BOTH, FIRST, FIRST).stream()
    assert (len(found.days), found.tallies.shape) == (0, (0, BOTH.width))


def test_signals_that_a_reference_lacks_are_not_known() -> None:
    rows = [{**row, "number": None} for row in images(np.random.default_rng(4), 50)]
    assert [signal.name for signal in known(BOTH, BOTH.count(rows))] == ["word"]
    assert known(BOTH, BOTH.nothing()) == []


def at_devices(reference, *shifts, days=6, n=6):
    """The site, and a device for each shift, whose numbers moved by so much."""
    streams = [tallies(number, days, n, shift=shift) for number, shift in enumerate(shifts, 5)]
    devices = [seen(reference, each, Scope("device", f"room {number}")) for number, each in enumerate(streams)]
    return Sight([seen(reference, list(np.sum(streams, axis=0))), *devices])


@pytest.mark.parametrize(
    ("shifts", "alone"), [((0, 2, 0, 0), "room 1"), ((0, 0, 0, 0), None), ((2, 2, 0, 0), None), ((2, 2, 2, 2), None)]
)
def test_the_device_that_alone_moved_is_the_culprit(reference, shifts, alone) -> None:
    sight = at_devices(reference, *shifts)
    assert sight.culprit(NUMBERS, FIRST, FIRST + timedelta(5)) == (Scope("device", alone) if alone else None)
    assert sight.culprit(WORDS, FIRST, FIRST + timedelta(5)) is None


def test_of_two_that_moved_the_one_that_is_not_known_yet_is_the_new_culprit(reference) -> None:
    sight = at_devices(reference, 0, 2, 2)
    span = NUMBERS, FIRST, FIRST + timedelta(5)
    assert sight.culprit(*span, {"device room 1"}) == Scope("device", "room 2")
    assert sight.culprit(*span, {"device room 1", "device room 2"}) is None


def test_where_there_is_one_device_it_is_the_site_that_moved(reference) -> None:
    assert at_devices(reference, 2).culprit(NUMBERS, FIRST, FIRST + timedelta(5)) is None
