from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cxr_core.drift.signals import Signal, State
from cxr_core.drift.sketch import Sketch, sketch, sketches
from cxr_core.drift.timeline import Observation, References, Window, current, opinion_values, timeline
from cxr_core.errors import BadInput

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
WEEK = timedelta(days=7)
RNG = np.random.default_rng


def values(rng: np.random.Generator, n: int, brightness: float = 0.5, low: float = 0.0) -> list[dict[str, float]]:
    """n images around `brightness`, with probabilities between `low` and 1."""
    return [
        {"mean": mean, "noise": noise, **opinion_values(probability)}
        for mean, noise, probability in zip(
            rng.normal(brightness, 0.1, n), rng.gamma(9, 0.001, n), rng.uniform(low, 1, n), strict=True
        )
    ]


def observed(at: datetime, model: str, rows: list[dict[str, float]]) -> list[Observation]:
    return [Observation(at + timedelta(minutes=minute), model, row, "room 1") for minute, row in enumerate(rows)]


@pytest.fixture(scope="module")
def references() -> References:
    """Version two, the running one, puts probabilities above 0.7; version one anywhere."""
    one, two = sketches(values(RNG(1), 500)), sketches(values(RNG(2), 500, low=0.7))
    return References("two", {"one": one, "two": two})


def states(signals: tuple[Signal, ...]) -> dict[str, State]:
    return {signal.name: signal.state for signal in signals}


def test_a_release_is_not_drift(references: References) -> None:
    rows = observed(MONDAY, "one", values(RNG(3), 100)) + observed(MONDAY + WEEK, "two", values(RNG(4), 100, low=0.7))
    windows = timeline(rows, references)
    assert [(window.start.day, window.model, window.n) for window in windows] == [
        (3, None, 100),
        (3, "one", 100),
        (10, None, 100),
        (10, "two", 100),
    ]
    assert all(signal.state is State.STEADY for window in windows for signal in window.signals)


def test_in_the_week_of_a_release_pictures_are_pooled_and_predictions_are_not(references: References) -> None:
    rows = observed(MONDAY, "one", values(RNG(5), 20)) + observed(MONDAY, "two", values(RNG(6), 20, low=0.7))
    pictures, one, two = timeline(rows, references)
    assert states(pictures.signals) == {"mean": State.STEADY, "noise": State.STEADY}
    assert states(one.signals) == states(two.signals) == dict.fromkeys(("probability", "confidence"), State.TOO_FEW)


def test_darker_pictures_are_named_in_the_week_they_begin(references: References) -> None:
    rows = observed(MONDAY, "two", values(RNG(7), 60, low=0.7))
    rows += observed(MONDAY + WEEK, "two", values(RNG(8), 60, brightness=0.3, low=0.7))
    pictures = [window for window in timeline(rows, references) if window.model is None]
    assert [states(window.signals)["mean"] for window in pictures] == [State.STEADY, State.ALARM]
    assert [states(window.signals)["noise"] for window in pictures] == [State.STEADY, State.STEADY]


def test_a_version_that_starts_to_say_other_things_is_seen(references: References) -> None:
    *_, said = timeline(observed(MONDAY, "two", values(RNG(9), 100)), references)
    assert said.model == "two" and states(said.signals)["probability"] is State.ALARM


def test_a_version_without_a_reference_is_counted_and_not_judged(references: References) -> None:
    pictures, unknown = timeline(observed(MONDAY, "lost", values(RNG(10), 50)), references)
    assert states(pictures.signals)["mean"] is State.STEADY
    assert unknown == Window(date(2025, 3, 3), "lost", 50, ())


def test_the_order_of_observations_does_not_matter(references: References) -> None:
    rows = observed(MONDAY, "one", values(RNG(11), 40)) + observed(MONDAY + WEEK, "two", values(RNG(12), 40))
    assert timeline(rows, references) == timeline(rows[::-1], references)


def test_nothing_observed_is_nothing_to_show(references: References) -> None:
    assert timeline([], references) == []


def test_a_quiet_month_is_steady_in_every_signal(references: References) -> None:
    rows = observed(MONDAY, "two", values(RNG(13), 100, low=0.7))
    found = current(rows, references, MONDAY + WEEK)
    assert states(found) == dict.fromkeys(references.by_model["two"], State.STEADY)
    assert [signal.n for signal in found] == [100] * 4


def test_now_means_the_last_days_and_the_running_version(references: References) -> None:
    old = observed(MONDAY - 5 * WEEK, "two", values(RNG(14), 50, brightness=0.1))
    previous = observed(MONDAY, "one", values(RNG(15), 50))
    running = observed(MONDAY + WEEK, "two", values(RNG(16), 40, low=0.7))
    future = observed(MONDAY + 3 * WEEK, "two", values(RNG(17), 50, brightness=0.1))
    found = current(old + previous + running + future, references, MONDAY + 2 * WEEK)
    assert {signal.name: signal.n for signal in found} == {"mean": 90, "noise": 90, "probability": 40, "confidence": 40}
    assert set(states(found).values()) == {State.STEADY}


def test_before_the_first_image_every_signal_has_too_few(references: References) -> None:
    assert set(states(current([], references, MONDAY)).values()) == {State.TOO_FEW}


def test_signals_of_tomorrow_are_judged_as_pictures_and_may_be_missing_today() -> None:
    reference: dict[str, Sketch] = {"exposure": sketch(RNG(18).random(500)), "probability": sketch(RNG(19).random(500))}
    rows = observed(MONDAY, "one", values(RNG(20), 50))
    found = current(rows, References("one", {"one": reference}), MONDAY + WEEK)
    assert [(signal.name, signal.n) for signal in found] == [("exposure", 0), ("probability", 50)]


def test_a_running_model_without_a_reference_is_refused() -> None:
    with pytest.raises(BadInput, match="three"):
        References("three", {})


def test_times_without_a_zone_are_refused(references: References) -> None:
    naive = [Observation(datetime(2025, 3, 3), "two", {"mean": 0.5})]
    with pytest.raises(BadInput, match="time zone"):
        current(naive, references, MONDAY)
    with pytest.raises(BadInput, match="time zone"):
        timeline(naive, references)


@pytest.mark.parametrize(("probability", "confidence"), [(0.9, 0.9), (0.2, 0.8), (0.5, 0.5)])
def test_confidence_is_the_probability_of_the_likelier_answer(probability: float, confidence: float) -> None:
    assert opinion_values(probability) == {"probability": probability, "confidence": pytest.approx(confidence)}
