from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cxr_core.drift.signals import Signal, State
from cxr_core.drift.sketch import Sketch, sketch
from cxr_core.drift.timeline import (
    NOTHING,
    Observations,
    Observed,
    References,
    Window,
    current,
    opinion_values,
    timeline,
)
from cxr_core.drift.weeks import Moments, utc
from cxr_core.errors import BadInput

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
WEEK = timedelta(days=7)
RNG = np.random.default_rng


def seen(at: datetime, rng: np.random.Generator, n: int, brightness: float = 0.5) -> Observations:
    """n pictures around `brightness`, one a minute from `at`."""
    return Observations(minutes(at, n), {"mean": rng.normal(brightness, 0.1, n), "noise": rng.gamma(9, 0.001, n)})


def said(at: datetime, rng: np.random.Generator, n: int, low: float = 0.0) -> Observations:
    """n predictions between `low` and 1, one a minute from `at`."""
    return Observations(minutes(at, n), opinion_values(rng.uniform(low, 1, n)))


def minutes(at: datetime, n: int) -> Moments:
    return utc(at) + np.arange(n).astype("timedelta64[m]")


def both(*parts: Observations) -> Observations:
    """One after the other."""
    names = parts[0].values
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in names}
    return Observations(np.concatenate([part.at for part in parts]), values)


def reference(number: int, low: float = 0.0) -> dict[str, Sketch]:
    """A sketch of each signal of 500 images."""
    values = {**seen(MONDAY, RNG(number), 500).values, **said(MONDAY, RNG(number + 100), 500, low).values}
    return {name: sketch(column) for name, column in values.items()}


@pytest.fixture(scope="module")
def references() -> References:
    """Version two, the running one, puts probabilities above 0.7; version one anywhere."""
    return References("two", {"one": reference(1), "two": reference(2, low=0.7)})


def states(signals: tuple[Signal, ...]) -> dict[str, State]:
    return {signal.name: signal.state for signal in signals}


def test_a_release_is_not_drift(references: References) -> None:
    pictures = both(seen(MONDAY, RNG(3), 100), seen(MONDAY + WEEK, RNG(4), 100))
    opinions = {"one": said(MONDAY, RNG(5), 100), "two": said(MONDAY + WEEK, RNG(6), 100, low=0.7)}
    windows = timeline(Observed(pictures, opinions), references)
    assert [(window.start.day, window.model, window.n) for window in windows] == [
        (3, None, 100),
        (3, "one", 100),
        (10, None, 100),
        (10, "two", 100),
    ]
    assert all(signal.state is State.STEADY for window in windows for signal in window.signals)


def test_in_the_week_of_a_release_pictures_are_pooled_and_predictions_are_not(references: References) -> None:
    opinions = {"two": said(MONDAY, RNG(6), 20, low=0.7), "one": said(MONDAY, RNG(5), 20)}
    pictures, one, two = timeline(Observed(seen(MONDAY, RNG(7), 40), opinions), references)
    assert (one.model, two.model) == ("one", "two")
    assert states(pictures.signals) == {"mean": State.STEADY, "noise": State.STEADY}
    assert states(one.signals) == states(two.signals) == dict.fromkeys(("probability", "confidence"), State.TOO_FEW)


def test_darker_pictures_are_named_in_the_week_they_begin(references: References) -> None:
    pictures = both(seen(MONDAY, RNG(7), 60), seen(MONDAY + WEEK, RNG(8), 60, brightness=0.3))
    windows = timeline(Observed(pictures, {}), references)
    assert [states(window.signals)["mean"] for window in windows] == [State.STEADY, State.ALARM]
    assert [states(window.signals)["noise"] for window in windows] == [State.STEADY, State.STEADY]


def test_a_version_that_starts_to_say_other_things_is_seen(references: References) -> None:
    pictures, opinions = timeline(Observed(NOTHING, {"two": said(MONDAY, RNG(9), 100)}), references)
    assert (pictures.model, pictures.n) == (None, 0)
    assert opinions.model == "two" and states(opinions.signals)["probability"] is State.ALARM


def test_a_version_without_a_reference_is_counted_and_not_judged(references: References) -> None:
    observed = Observed(seen(MONDAY, RNG(10), 50), {"lost": said(MONDAY, RNG(11), 50)})
    pictures, unknown = timeline(observed, references)
    assert states(pictures.signals)["mean"] is State.STEADY
    assert unknown == Window(date(2025, 3, 3), "lost", 50, ())


def test_what_has_no_number_is_counted_and_not_judged(references: References) -> None:
    opinions = said(MONDAY, RNG(12), 50, low=0.7)
    opinions.values["probability"][:10] = np.nan
    pictures = seen(MONDAY, RNG(13), 40)
    pictures.values["mean"][:7] = pictures.values["noise"][:5] = np.nan
    shown, told = timeline(Observed(pictures, {"two": opinions}), references)
    assert (shown.n, {signal.name: signal.n for signal in shown.signals}) == (35, {"mean": 33, "noise": 35})
    assert (told.n, {signal.name: signal.n for signal in told.signals}) == (50, {"probability": 40, "confidence": 50})


def test_the_order_of_observations_does_not_matter(references: References) -> None:
    pictures = both(seen(MONDAY, RNG(11), 40), seen(MONDAY + WEEK, RNG(12), 40))
    opinions = both(said(MONDAY, RNG(13), 40), said(MONDAY + WEEK, RNG(14), 40))
    backwards = np.arange(80)[::-1]
    assert timeline(Observed(pictures, {"two": opinions}), references) == timeline(
        Observed(pictures[backwards], {"two": opinions[backwards]}), references
    )


def test_nothing_observed_is_nothing_to_show(references: References) -> None:
    assert timeline(Observed(NOTHING, {}), references) == []


def test_a_quiet_month_is_steady_in_every_signal(references: References) -> None:
    observed = Observed(seen(MONDAY, RNG(13), 100), {"two": said(MONDAY, RNG(14), 100, low=0.7)})
    found = current(observed, references, MONDAY + WEEK)
    assert states(found) == dict.fromkeys(references.by_model["two"], State.STEADY)
    assert [signal.n for signal in found] == [100] * 4


def test_now_means_the_last_days_and_the_running_version(references: References) -> None:
    old, future = MONDAY - 5 * WEEK, MONDAY + 3 * WEEK
    pictures = [seen(old, RNG(14), 50, brightness=0.1), seen(MONDAY, RNG(15), 90), seen(future, RNG(17), 50, 0.1)]
    opinions = [said(old, RNG(18), 50), said(MONDAY + WEEK, RNG(16), 40, low=0.7), said(future, RNG(19), 50)]
    observed = Observed(both(*pictures), {"one": said(MONDAY, RNG(20), 50), "two": both(*opinions)})
    found = current(observed, references, MONDAY + 2 * WEEK)
    assert {signal.name: signal.n for signal in found} == {"mean": 90, "noise": 90, "probability": 40, "confidence": 40}
    assert set(states(found).values()) == {State.STEADY}


def test_the_moment_asked_for_counts_and_the_one_that_many_days_before_does_not(references: References) -> None:
    pictures = both(seen(MONDAY, RNG(1), 1), seen(MONDAY + 4 * WEEK, RNG(2), 1))
    found = current(Observed(pictures, {}), references, MONDAY + 4 * WEEK, days=28)
    assert {signal.name: signal.n for signal in found if signal.name == "mean"} == {"mean": 1}


def test_before_the_first_image_every_signal_has_too_few(references: References) -> None:
    assert set(states(current(Observed(NOTHING, {}), references, MONDAY)).values()) == {State.TOO_FEW}


def test_signals_of_tomorrow_are_judged_as_pictures_and_may_be_missing_today() -> None:
    later = {"exposure": sketch(RNG(18).random(500)), "probability": sketch(RNG(19).random(500))}
    observed = Observed(seen(MONDAY, RNG(20), 50), {"one": said(MONDAY, RNG(21), 50)})
    found = current(observed, References("one", {"one": later}), MONDAY + WEEK)
    assert [(signal.name, signal.n) for signal in found] == [("exposure", 0), ("probability", 50)]


def test_a_running_model_without_a_reference_is_refused() -> None:
    with pytest.raises(BadInput, match="three"):
        References("three", {})


def test_a_time_without_a_zone_is_refused(references: References) -> None:
    with pytest.raises(BadInput, match="time zone"):
        current(Observed(NOTHING, {}), references, datetime(2025, 3, 3))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(BadInput, match="2 moments"):
        Observations(minutes(MONDAY, 2), {"mean": np.array([0.5])})


@pytest.mark.parametrize(("probability", "confidence"), [(0.9, 0.9), (0.2, 0.8), (0.5, 0.5)])
def test_confidence_is_the_probability_of_the_likelier_answer(probability: float, confidence: float) -> None:
    assert opinion_values(probability) == {"probability": probability, "confidence": pytest.approx(confidence)}
