from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact, ks_2samp

from cxr_core.drift.catalogue import About, Signal
from cxr_core.drift.compare import MISSING, compare, distances, effects, least_chances
from cxr_core.drift.grid import Grid
from tests.drift.streams import NUMBERS, WORDS, calm

FEW = Signal("few", About.PICTURE, "Few", "It moved.", Grid(0, 6, 6))
COIN = Signal("coin", About.HEADER, "Coin", "It fell.", words=("heads", "tails"))


def counted(values, lacking=0, signal=NUMBERS):
    return np.append(signal.grid.counts(values), lacking)


def counts(least=0):
    return st.lists(st.integers(0, 40), min_size=7, max_size=7).map(np.array).filter(lambda c: c[:-1].sum() > least)


@settings(max_examples=100, deadline=None)
@given(reference=counts(), current=counts())
def test_the_distance_of_numbers_is_kolmogorovs_on_their_bins(reference: np.ndarray, current: np.ndarray) -> None:
    middles = FEW.grid.middles
    exact = ks_2samp(np.repeat(middles, reference[:-1]), np.repeat(middles, current[:-1])).statistic
    assert distances(reference[:-1], current[None, :-1])[0] == pytest.approx(exact)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 90), m=st.integers(1, 90), shift=st.floats(-2, 2))
def test_the_chance_of_numbers_is_never_below_the_exact_one(seed: int, n: int, m: int, shift: float) -> None:
    chance = np.random.default_rng(seed)
    reference, current = chance.normal(0, 1, m), chance.normal(shift, 1, n)
    found = compare(NUMBERS, counted(reference), counted(current))
    exact = ks_2samp(reference, current, method="exact")
    assert found.effect <= exact.statistic + 1e-9
    assert found.chance >= exact.pvalue * (1 - 1e-6)


@settings(max_examples=100, deadline=None)
@given(reference=st.tuples(*[st.integers(0, 60)] * 3), current=st.tuples(*[st.integers(0, 60)] * 3))
def test_the_chance_of_words_is_never_below_fishers(reference: tuple[int, ...], current: tuple[int, ...]) -> None:
    usual, now = np.array(reference), np.array(current)
    assume(usual.sum() and now.sum())
    found = compare(COIN, usual, now)
    changes = np.abs(now / now.sum() - usual / usual.sum())
    assert found.effect == pytest.approx(changes.max())
    place = [*COIN.words, MISSING].index(found.what)
    exact = fisher_exact([[now[place], now.sum() - now[place]], [usual[place], usual.sum() - usual[place]]])
    assert found.chance >= exact.pvalue * (1 - 1e-6)


def test_of_two_words_the_chance_is_twice_the_two_tails() -> None:
    found = compare(COIN, np.array([50, 50, 0]), np.array([80, 20, 0]))
    tail = fisher_exact([[80, 20], [50, 50]], alternative="greater").pvalue
    assert found.chance == pytest.approx(4 * tail, rel=1e-6)


@pytest.mark.parametrize("signal", [FEW, WORDS])
def test_chances_of_images_like_the_references_are_rarely_small(signal: Signal) -> None:
    rng = np.random.default_rng(5)
    shares = np.array([0.4, 0.3, 0.15, 0.1, *[0.0] * (signal.bins - 4), 0.05])
    pairs = [(rng.multinomial(200, shares), rng.multinomial(60, shares)) for _ in range(600)]
    chances = np.array([compare(signal, *pair).chance for pair in pairs])
    for level in (0.3, 0.1, 0.03):
        assert (chances <= level).mean() <= level
    assert (chances < 1).any()


def test_a_shift_within_the_slack_is_none_and_one_beyond_it_is() -> None:
    evenly = np.arange(-200, 200) * 0.01 + 0.003
    usual, below, near, far = (counted(evenly + shift) for shift in (0, -0.1, 0.1, 0.5))
    bins = NUMBERS.grid.bins_within(0.1)
    assert distances(usual[:-1], np.array([usual, below, near])[:, :-1], bins).tolist() == [0, 0, 0]
    assert distances(usual[:-1], far[None, :-1], bins)[0] == pytest.approx(0.1, abs=0.02)
    assert distances(usual[:-1], near[None, :-1])[0] > 0.02


@settings(max_examples=60, deadline=None)
@given(reference=counts(), current=counts(), slack=st.integers(0, 6))
def test_slack_only_makes_distances_smaller(reference: np.ndarray, current: np.ndarray, slack: int) -> None:
    with_it, without = (distances(reference[:-1], current[None, :-1], bins)[0] for bins in (slack, 0))
    assert 0 <= with_it <= without <= 1


def test_what_lies_beyond_the_grid_is_as_far_as_can_be() -> None:
    found = compare(NUMBERS, counted(calm(300)), counted([99.0] * 40))
    assert found.effect == 1
    assert found.chance < 1e-20


def test_images_that_lack_a_number_are_a_change() -> None:
    usual = counted(calm(500), 5)
    found = compare(NUMBERS, usual, counted(calm(30), 70))
    assert found.what == MISSING
    assert found.effect == pytest.approx(0.7 - 5 / 505)
    assert found.chance < 1e-20
    assert compare(NUMBERS, usual, counted([], 40)).what == MISSING


def test_a_few_more_that_lack_a_number_hide_no_change_of_the_others() -> None:
    found = compare(NUMBERS, counted(calm(950), 50), counted(calm(32) + 2, 8))
    assert found.what == ""
    assert found.chance < 1e-8


def test_a_few_odd_numbers_left_hide_nothing_of_those_that_lack_them() -> None:
    found = compare(NUMBERS, counted(calm(600), 400), counted([3.0] * 4, 36))
    assert (found.what, found.effect) == (MISSING, pytest.approx(0.5))


def test_the_word_whose_share_changed_most_is_named() -> None:
    usual = np.array([80, 20, 0, 0, 0])
    assert compare(WORDS, usual, np.array([40, 10, 50, 0, 0])).what == "LL"
    assert compare(WORDS, usual, np.array([40, 10, 0, 0, 50])).what == MISSING


@pytest.mark.parametrize("signal", [NUMBERS, WORDS])
def test_nothing_beside_something_is_no_change(signal: Signal) -> None:
    nothing = np.zeros(signal.bins + 1, np.int64)
    one = nothing.copy()
    one[1] = 1
    for usual, now in ((nothing, one), (one, nothing), (nothing, nothing), (one, one)):
        found = compare(signal, usual, now)
        assert (found.effect, found.chance) == (0, 1)


def test_a_reference_that_lacks_all_numbers_is_left_by_one_that_has_them() -> None:
    found = compare(NUMBERS, counted([], 100), counted(calm(50)))
    assert (found.effect, found.what) == (1, MISSING)


def test_below_the_least_effect_no_chance_is_worked_out() -> None:
    usual, now = np.array([500, 500, 0]), np.array([400, 600, 0])
    assert compare(COIN, usual, now).chance < 1e-4
    assert compare(COIN, usual, now, least=0.11).chance == 1


def test_of_two_words_that_swap_the_one_that_rose_is_named() -> None:
    assert compare(COIN, np.array([70, 30, 0]), np.array([10, 20, 0])).what == "tails"
    assert compare(COIN, np.array([70, 30, 0]), np.array([29, 1, 0])).what == "heads"


def test_rows_are_compared_each_by_itself() -> None:
    usual = np.array([70, 20, 10, 0, 0])
    rows = np.array([[7, 2, 1, 0, 0], [0, 0, 0, 0, 0], [0, 10, 0, 0, 0]])
    found, whats = effects(WORDS, usual, rows)
    assert found == pytest.approx([0, 0, 0.8])
    assert whats[2] == "AP"


@settings(max_examples=200, deadline=None)
@given(data=st.data(), signal=st.sampled_from([NUMBERS, WORDS, COIN, FEW]))
def test_the_least_chance_is_never_above_the_chance(data, signal) -> None:
    sparse = st.lists(st.sampled_from([0, 0, 1, 7, 40]), min_size=signal.bins + 1, max_size=signal.bins + 1)
    reference, *rows = (np.array(data.draw(sparse)) for _ in range(4))
    assume(reference.sum())
    far, whats = effects(signal, reference, np.array(rows))
    least = least_chances(signal, reference, np.array(rows), far, whats)
    for row, bound in zip(rows, least, strict=True):
        assert bound <= compare(signal, reference, row).chance


def test_the_least_chance_of_numbers_is_their_chance_and_that_of_words_is_near() -> None:
    reference, row = NUMBERS.grid.counts(calm(400)), NUMBERS.grid.counts(calm(200) + 0.5)
    for signal, usual, now in (
        (NUMBERS, np.append(reference, 0), np.append(row, 0)), (COIN, np.array([50, 50, 0]), np.array([80, 20, 0])),
    ):  # fmt: skip
        exact = compare(signal, usual, now).chance
        (least,) = least_chances(signal, usual, now[None], *effects(signal, usual, now[None]))
        assert exact / 3 < least <= exact
