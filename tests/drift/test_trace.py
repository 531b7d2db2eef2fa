from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from cxr_core.drift.catalogue import OPINIONS, RARE, About, Signal
from cxr_core.drift.compare import MISSING
from cxr_core.drift.grid import Grid
from cxr_core.drift.sudden import CEILING
from cxr_core.drift.tally import Layout
from cxr_core.drift.trace import ENOUGH, WINDOW_DAYS, Budget, Finding, Limits, State, Trace, images_a_year
from tests.drift.streams import BOTH, FIRST, NUMBERS, WORDS, calm, images, stream

BUDGET = Budget()
SPEAKS = (State.WATCH, State.ALARM)


@pytest.fixture(scope="module")
def reference():
    return BOTH.count(images(np.random.default_rng(0), 1500))


def watched(days, reference, on=None):
    """The trace of days, each a list of images."""
    return Trace(stream([BOTH.count(rows) for rows in days], days=on), reference, BOTH.signals)


def limits(trace, place=-1):
    place = range(len(trace.stream.days))[place]
    return BUDGET.limits(len(trace.signals), trace.detectors, images_a_year(trace.stream, place))


def last(trace, signal=NUMBERS, place=-1):
    return trace.finding(signal, range(len(trace.stream.days))[place], limits(trace, place))


def first_alarm(trace, signal=NUMBERS):
    found = [last(trace, signal, place) for place in range(len(trace.stream.days))]
    return next((place for place, finding in enumerate(found) if finding.state is State.ALARM), None)


def changing(seed, before, after, change, a_day=20):
    chance = np.random.default_rng(seed)
    return [images(chance, a_day) for _ in range(before)] + [images(chance, a_day, **change) for _ in range(after)]


@pytest.mark.parametrize(
    ("change", "signal", "what", "within"),
    [
        ({"shift": 1.0}, NUMBERS, "", 5),
        ({"shift": -1.0}, NUMBERS, "", 5),
        ({"lacking": 0.5}, NUMBERS, MISSING, 4),
        ({"words": (0.62, 0.23, 0.05, 0.1)}, WORDS, "Other", 14),
        ({"words": (0.3, 0.65, 0.05, 0)}, WORDS, "AP", 6),
    ],
)
def test_a_sudden_change_is_found_and_named_with_its_day(change, signal, what, within, reference) -> None:
    trace = watched(changing(1, 60, 20, change), reference)
    place = first_alarm(trace, signal)
    assert place is not None and 60 < place <= 60 + within
    found = last(trace, signal, place)
    assert (found.sudden, found.what) == (True, what)
    assert found.since and abs(found.since - FIRST - timedelta(60)) <= timedelta(2)
    assert found.effect and found.effect > 0.05
    assert found.n == sum(day >= found.since for day in trace.stream.days[: place + 1]) * 20


def test_only_what_has_changed_speaks(reference) -> None:
    trace = watched(changing(2, 40, 20, {"shift": 1.0}), reference)
    numbers, words = trace.findings(59, limits(trace))
    assert (numbers.signal, numbers.state) == (NUMBERS, State.ALARM)
    assert (words.signal, words.state, words.since) == (WORDS, State.STEADY, None)


def test_one_image_in_twenty_that_is_inverted_is_found() -> None:
    put_right = next(signal for signal in OPINIONS if signal.name == "put right")
    assert put_right.floor == RARE
    layout = Layout((put_right,))
    tallies = [np.array([20, 0, 0])] * 40 + [np.array([19, 1, 0])] * 30
    trace = Trace(stream(tallies, layout), np.array([1499, 1, 0]), layout.signals)
    alarms = [place for place in range(70) if last(trace, put_right, place).state is State.ALARM]
    assert 45 < alarms[0] < 62
    assert alarms[1:] == list(range(alarms[0] + 1, 70))
    assert last(trace, put_right).what == "inverted"


def test_what_spreads_out_is_seen_by_the_window_though_no_bet_is_on_it() -> None:
    chance = np.random.default_rng(3)
    layout = Layout((NUMBERS,))
    usual = layout.count({"number": value} for value in chance.normal(0, 1, 1500))
    days = [layout.count({"number": v} for v in chance.normal(0, 1 if day < 50 else 2.5, 30)) for day in range(140)]
    trace = Trace(stream(days, layout), usual, layout.signals)
    place = first_alarm(trace)
    assert place is not None and 50 < place < 80
    found = last(trace)
    assert (found.state, found.sudden) == (State.ALARM, False)
    assert found.n == WINDOW_DAYS * 30
    assert found.since and timedelta(50 - WINDOW_DAYS) <= found.since - FIRST <= timedelta(place)


def test_a_shift_within_the_slack_never_speaks() -> None:
    chance = np.random.default_rng(4)
    usual, shifted = chance.normal(0.5, 0.004, 2000), chance.normal(0.504, 0.004, (60, 30))
    states = []
    for slack in (0.005, 0.0):
        grey = Signal("grey", About.PICTURE, "Grey", "It moved.", Grid(0, 1, 200), slack=slack)
        layout = Layout((grey,))
        days = [layout.count({"grey": value} for value in day) for day in shifted]
        trace = Trace(stream(days, layout), layout.count({"grey": value} for value in usual), [grey])
        states.append({last(trace, grey, place).state for place in range(60)})
    assert states[0] == {State.STEADY}
    assert State.ALARM in states[1]


def test_a_change_too_small_to_matter_is_watched_at_most() -> None:
    reference = BOTH.count({"number": value, "word": "PA"} for value in calm(3000))
    trace = watched(changing(5, 0, 60, {"shift": 0.13}, a_day=300), reference)
    states = {last(trace, NUMBERS, place).state for place in range(60)}
    assert State.WATCH in states
    assert State.ALARM not in states


def test_an_alarm_needs_two_looks_in_a_row(reference) -> None:
    trace = watched(changing(6, 40, 3, {"shift": 3.0}), reference)
    assert [last(trace, NUMBERS, place).state for place in (39, 40, 41)] == [State.STEADY, State.WATCH, State.ALARM]
    one = watched([images(np.random.default_rng(6), 100, shift=3.0)], reference)
    assert last(one).state is State.WATCH


def test_an_alarm_ends_soon_after_its_cause(reference) -> None:
    days = changing(7, 30, 200, {"shift": 1.0}) + changing(8, 60, 0, {})
    trace = watched(days, reference)
    assert last(trace, NUMBERS, 229).state is State.ALARM
    assert last(trace, NUMBERS, 229).since == FIRST + timedelta(30)
    assert last(trace).state is State.STEADY


def test_a_bet_that_has_long_gained_on_too_little_hides_no_later_change() -> None:
    maker = Signal("word", About.HEADER, "Maker", "Another.", words=("GE", "Agfa", "Canon"), floor=0.1)
    layout = Layout((maker,))
    before, after = [np.array([19, 1, 0, 0])] * 150, [np.array([9, 1, 10, 0])] * 4
    trace = Trace(stream(before + after, layout), np.array([1495, 5, 0, 0]), layout.signals)
    assert trace._gathered["word"][0][149].max() == CEILING
    assert last(trace, maker, 149).state is State.STEADY
    found = last(trace, maker, 152)
    assert (found.state, found.what, found.since) == (State.ALARM, "GE", FIRST + timedelta(150))


def test_too_few_images_say_nothing(reference) -> None:
    trace = watched(changing(9, 3, 0, {}, a_day=14), reference)
    found = [last(trace, NUMBERS, place) for place in range(3)]
    assert [finding.state for finding in found] == [State.TOO_FEW, State.TOO_FEW, State.STEADY]
    assert found[0] == Finding(NUMBERS, State.TOO_FEW, 14, None, None, None)
    assert found[2].n == 42


def test_a_few_images_speak_where_they_are_strange_enough(reference) -> None:
    trace = watched(changing(10, 0, 3, {"shift": 4.0}, a_day=9), reference)
    assert (last(trace).state, last(trace).n) == (State.ALARM, 27)
    assert last(trace).n < ENOUGH


def test_beside_too_small_a_reference_nothing_speaks() -> None:
    chance = np.random.default_rng(11)
    few = BOTH.count(images(chance, ENOUGH - 1))
    trace = watched([images(chance, 50, shift=4) for _ in range(10)], few)
    assert {last(trace, signal, place).state for signal in BOTH.signals for place in range(10)} == {State.TOO_FEW}


def test_the_window_is_four_weeks_whatever_days_had_images(reference) -> None:
    on = [0, 1, 2, 27, 28, 29, 80]
    trace = watched([images(np.random.default_rng(day), 40) for day in on], reference, on)
    assert [last(trace, NUMBERS, place).n for place in range(7)] == [40, 80, 120, 160, 160, 160, 40]


def test_a_holiday_neither_makes_nor_ends_a_change(reference) -> None:
    on = [*range(40), *range(100, 110)]
    trace = watched(changing(12, 42, 8, {"shift": 1.5}), reference, on)
    found = last(trace)
    assert (found.state, found.since) == (State.ALARM, FIRST + timedelta(102))
    assert last(trace, NUMBERS, 41).state is State.STEADY


def test_a_reference_that_lacks_a_signal_is_left_when_it_comes(reference) -> None:
    lacking = BOTH.count([{**row, "number": None} for row in images(np.random.default_rng(13), 500)])
    trace = watched(changing(13, 30, 0, {}), lacking)
    found = last(trace)
    assert (found.state, found.what, found.effect) == (State.ALARM, MISSING, 1)


def test_a_stream_of_nothing_can_be_followed(reference) -> None:
    trace = Trace(stream(np.zeros((0, BOTH.width), np.int64)), reference, BOTH.signals)
    assert trace.detectors > 0
    empty = Trace(stream([BOTH.nothing()] * 2), reference, BOTH.signals)
    assert [found.state for found in empty.findings(1, limits(empty))] == [State.TOO_FEW] * 2


def test_limits_share_the_budget_out() -> None:
    found = Budget(0.5, 6).limits(comparisons=30, detectors=200, images_a_year=10_000)
    assert 365 * 30 * found.alarm == pytest.approx(0.25)
    assert 365 * 30 * found.watch == pytest.approx(3)
    assert 200 * 10_000 * np.exp(-found.height) == pytest.approx(0.25)
    assert 200 * 10_000 * np.exp(-found.watch_height) == pytest.approx(3)


def test_limits_of_nothing_are_finite() -> None:
    found = Budget().limits(0, 0, 0)
    assert np.isfinite([found.alarm, found.watch, found.height, found.watch_height]).all()


def test_the_pace_is_that_of_four_weeks() -> None:
    days = stream([BOTH.count(images(np.random.default_rng(1), 4))] * 60)
    assert images_a_year(days, 59) == pytest.approx(4 * 365)
    assert images_a_year(days, 13) == pytest.approx(2 * 365)


def test_chances_of_many_quiet_years_stay_within_their_budget() -> None:
    """A hundredfold budget, so that a few years are enough: 20 a year, half for the window and half for bets."""
    chance, years, height = np.random.default_rng(20), 4, []
    alarms = 0
    for _ in range(years):
        usual = BOTH.count(images(chance, 400))
        trace = watched([images(chance, 8) for _ in range(200)], usual)
        bound = Budget(20, 40).limits(2, trace.detectors, 8 * 200)
        height.append(max(high.max() for high, _ in trace._gathered.values()))
        alarms += sum(found.state is State.ALARM for place in range(200) for found in trace.findings(place, bound))
    assert alarms <= 20 * years
    assert max(height) > 3


def test_one_look_at_a_quiet_stream_speaks_no_oftener_than_its_limits() -> None:
    chance = np.random.default_rng(21)
    loose = Limits(alarm=0.2, watch=0.2, height=np.inf, watch_height=np.inf)
    spoke = []
    for _ in range(150):
        trace = watched([images(chance, 100)], BOTH.count(images(chance, 400)))
        spoke += [found.state in SPEAKS for found in trace.findings(0, loose)]
    assert 0 < np.mean(spoke) <= 0.2


@pytest.mark.parametrize(
    "change",
    [
        {"shift": 1.0},
        {"shift": 0.35},
        {"lacking": 0.5},
        {"words": (0.3, 0.65, 0.05, 0)},
        {"words": (0.6, 0.2, 0.1, 0.1)},
    ],
)
def test_no_alarm_comes_before_the_days_that_are_quiet_end(change, reference) -> None:
    for seed in (1, 2):
        trace = watched(changing(seed, 45, 25, change), reference)
        alarms = [place for each in trace.signals if (place := first_alarm(trace, each)) is not None]
        quiet_until = trace.quiet_until(limits(trace))
        assert alarms and quiet_until
        assert FIRST + timedelta(45) <= quiet_until <= FIRST + timedelta(min(alarms))


def test_days_like_the_reference_are_quiet_for_good(reference) -> None:
    trace = watched(changing(3, 60, 0, {}), reference)
    of_a_page = BUDGET.limits(154, 700, 20 * 365)
    assert trace.quiet_until(of_a_page) is None
    nothing = Trace(stream(np.zeros((0, BOTH.width), np.int64)), reference, BOTH.signals)
    assert nothing.quiet_until(of_a_page) is None
