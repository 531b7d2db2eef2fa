from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from cxr_core.drift.signals import ENOUGH, State, compare, distance, p_value, verdict
from cxr_core.drift.sketch import sketch
from cxr_core.errors import BadInput

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
REFERENCE = 500
SPEAKS = (State.WATCH, State.ALARM)

SHAPES: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(0.5, 0.1, n),
    "skewed": lambda rng, n: rng.gamma(2, 0.05, n),
    "heavy tails": lambda rng, n: rng.standard_t(2, n),
    "two ends": lambda rng, n: rng.beta(0.3, 0.2, n),
    "near one": lambda rng, n: 1 - rng.beta(0.5, 5, n) / 2,
    "two humps": lambda rng, n: rng.normal(rng.integers(0, 2, n), 0.1),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.8, 0, rng.beta(1, 20, n)),
    "always zero": lambda rng, n: np.zeros(n),
    "grey levels": lambda rng, n: np.round(rng.normal(0.02, 0.01, n).clip(0) * 255) / 255,
    "two values": lambda rng, n: (rng.random(n) < 0.3).astype(float),
    "even": lambda rng, n: rng.random(n),
}


@pytest.mark.parametrize("n", [30, 100, 400])
def test_without_drift_a_page_of_eleven_signals_speaks_at_most_once_in_twenty(n: int) -> None:
    rng = np.random.default_rng(n)
    pages = [
        [compare(name, sketch(draw(rng, REFERENCE)), draw(rng, n), len(SHAPES)).state for name, draw in SHAPES.items()]
        for _ in range(200)
    ]
    spoken = np.mean([any(state in SPEAKS for state in page) for page in pages])
    alarmed = np.mean([State.ALARM in page for page in pages])
    assert spoken <= 0.05
    assert alarmed <= 0.02


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_shift_of_one_standard_deviation_is_an_alarm_at_a_hundred_images(sign: int) -> None:
    rng = np.random.default_rng(5)
    found = [
        compare("signal", sketch(rng.normal(size=REFERENCE)), rng.normal(sign, 1, 100), len(SHAPES)).state
        for _ in range(100)
    ]
    assert found.count(State.ALARM) >= 95


def test_a_change_of_spread_alone_is_seen() -> None:
    rng = np.random.default_rng(6)
    found = compare("signal", sketch(rng.normal(size=REFERENCE)), rng.normal(0, 3, 400), len(SHAPES))
    assert found.state is State.ALARM
    assert found.current_median == pytest.approx(found.reference_median, abs=0.5)


def test_a_tiny_shift_stays_steady_however_many_images_prove_it() -> None:
    rng = np.random.default_rng(7)
    found = compare("signal", sketch(rng.normal(size=20_000)), rng.normal(0.1, 1, 20_000), 1)
    assert found.p_value is not None and found.p_value < 1e-6
    assert found.state is State.STEADY


def test_below_thirty_images_nothing_is_said_however_far_they_are() -> None:
    reference = sketch(np.random.default_rng(8).random(REFERENCE))
    few = compare("signal", reference, np.full(ENOUGH - 1, 9.0), 1)
    assert (few.state, few.distance, few.p_value) == (State.TOO_FEW, None, None)
    assert (few.n, few.current_median) == (ENOUGH - 1, 9.0)
    assert compare("signal", reference, np.full(ENOUGH, 9.0), 1).state is State.ALARM
    assert compare("signal", sketch(np.zeros(ENOUGH - 1)), np.ones(100), 1).state is State.TOO_FEW


def test_no_images_have_no_middle() -> None:
    found = compare("signal", sketch([0.5]), [], 1)
    assert (found.state, found.n, found.current_median) == (State.TOO_FEW, 0, None)


def test_missing_values_do_not_count() -> None:
    values = np.concatenate([np.random.default_rng(9).random(40), [np.nan, np.inf]])
    assert compare("signal", sketch(np.linspace(0, 1, REFERENCE)), values, 1).n == 40


def test_more_signals_judged_together_make_each_speak_later() -> None:
    rng = np.random.default_rng(10)
    reference, values = sketch(rng.normal(size=REFERENCE)), rng.normal(0.55, 1, 60)
    states = [compare("signal", reference, values, together).state for together in (1, 10_000_000)]
    assert states[0] in SPEAKS and states[1] is State.STEADY
    with pytest.raises(BadInput):
        compare("signal", reference, values, 0)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_distance_never_exceeds_the_true_one_nor_misses_more_than_a_step(shape: str) -> None:
    rng = np.random.default_rng(11)
    for shift in (0, 0.05, 0.3):
        before, after = SHAPES[shape](rng, REFERENCE), np.sort(SHAPES[shape](rng, 100) + shift)
        before, after = np.round(before, 6), np.round(after, 6)
        true, ours = ks_2samp(before, after).statistic, distance(sketch(before), after)
        assert true - 1 / 32 - 1e-9 <= ours <= true + 1e-9


def test_the_p_value_is_close_to_the_exact_one() -> None:
    rng = np.random.default_rng(12)
    for shift in (0, 0.05, 0.1, 0.2):
        exact = ks_2samp(rng.random(REFERENCE), rng.random(60) + shift, method="exact")
        assert p_value(exact.statistic, REFERENCE, 60) == pytest.approx(exact.pvalue, rel=0.2, abs=0.002)


def test_many_zeros_are_no_change_but_the_end_of_them_is() -> None:
    rng = np.random.default_rng(13)
    reference = sketch(np.zeros(REFERENCE))
    assert compare("border", reference, np.zeros(100), 11).distance == 0
    assert compare("border", reference, rng.uniform(0, 0.009, 100), 11).state is State.STEADY
    assert compare("border", reference, rng.uniform(0.1, 0.2, 100), 11).state is State.ALARM


@pytest.mark.parametrize(
    ("far", "corrected", "says"),
    [
        (0.19, 1e-9, State.WATCH),
        (0.2, 0.01, State.ALARM),
        (0.5, 0.02, State.WATCH),
        (0.5, 0.06, State.STEADY),
        (0.09, 1e-9, State.STEADY),
    ],
)
def test_speaking_needs_size_and_significance(far: float, corrected: float, says: State) -> None:
    assert verdict(far, corrected) is says
