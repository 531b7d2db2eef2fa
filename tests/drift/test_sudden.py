from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtr

from cxr_core.drift.catalogue import About, Signal
from cxr_core.drift.grid import Grid
from cxr_core.drift.sudden import CEILING, bets, evidence
from tests.drift.streams import NUMBERS, WORDS, calm

FEW = Signal("few", About.HEADER, "Few", "It moved.", Grid(0, 6, 6))
steps = arrays(np.float64, st.tuples(st.integers(0, 15), st.integers(1, 3)), elements=st.floats(-5, 5))


def factors(signal, reference, shares):
    """What an image of these shares brings on average, by each detector."""
    return np.exp(bets(signal, np.array(reference))) @ np.array(shares)


@pytest.mark.parametrize("signal", [FEW, WORDS])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_on_the_reference_itself_no_bet_gains_on_average(signal: Signal, data: st.DataObject) -> None:
    width = signal.bins + 1
    counts = data.draw(st.lists(st.integers(0, 2000), min_size=width, max_size=width).filter(any))
    assert (factors(signal, counts, np.array(counts) / sum(counts)) <= 1 + 1e-9).all()


@pytest.mark.parametrize("size", [50, 300, 3000])
@pytest.mark.parametrize(
    "shares", [[0.98, 0.02, 0, 0, 0], [0.5, 0.3, 0.15, 0.04, 0.01], [0.995, 0.002, 0.001, 0, 0.002]]
)
def test_a_reference_that_is_off_by_chance_makes_few_bets_gain(size: int, shares: list[float]) -> None:
    chance = np.random.default_rng(size)
    gains = np.array([factors(WORDS, chance.multinomial(size, shares), shares) > 1 for _ in range(600)])
    assert gains.mean(0).max() < 0.04


@pytest.mark.parametrize("size", [50, 300, 3000])
def test_a_reference_of_numbers_that_is_off_by_chance_makes_few_bets_gain(size: int) -> None:
    chance = np.random.default_rng(size)
    shares = np.diff(np.concatenate([[0], ndtr(NUMBERS.grid.edges[1:-1]), [1, 1]]))
    gains = np.array([factors(NUMBERS, chance.multinomial(size, shares), shares) > 1 for _ in range(300)])
    assert gains.mean(0).max() < 0.05


def test_a_reference_of_one_value_leaves_room_for_what_it_has_not_seen() -> None:
    seen = [0, 300, 0, 0, 0, 0, 0]
    assert (factors(FEW, seen, [0, 0.994, 0.003, 0.003, 0, 0, 0]) < 1).all()


def test_a_shift_gains_by_the_bet_on_its_side() -> None:
    reference = np.append(NUMBERS.grid.counts(calm(1000)), 0)
    shifted = np.append(NUMBERS.grid.counts(calm(1000) + 1), 0) / 1000
    down, little_down, little_up, up, lost = bets(NUMBERS, reference) @ shifted
    assert up > 0.35
    assert little_up > 0.2
    assert max(down, little_down, lost) < 0


def test_numbers_that_get_lost_gain_by_the_last_bet_alone() -> None:
    reference = np.append(NUMBERS.grid.counts(calm(1000)), 0)
    half = reference / 2000
    half[-1] = 0.5
    *shifts, lost = bets(NUMBERS, reference) @ half
    assert lost > 0.8
    assert max(shifts) < 0


def test_a_word_never_seen_gains_at_one_image_in_twenty() -> None:
    gained = bets(WORDS, np.array([700, 250, 50, 0, 0])) @ np.array([0.66, 0.24, 0.05, 0.05, 0])
    assert gained.argmax() == 3
    assert gained[3] > 0.05
    assert (np.delete(gained, 3) < 0).all()


@pytest.mark.parametrize("signal", [FEW, WORDS])
def test_without_a_reference_no_image_is_evidence(signal: Signal) -> None:
    assert (bets(signal, np.zeros(signal.bins + 1, np.int64)) <= 1e-12).all()


@settings(max_examples=80, deadline=None)
@given(steps=steps)
def test_evidence_begins_anew_where_it_has_fallen_to_nothing(steps: np.ndarray) -> None:
    heights, starts = evidence(steps)
    for detector in range(steps.shape[1]):
        height = start = 0
        for day, step in enumerate(steps[:, detector]):
            start = day if height == 0 else start
            height = min(max(height + step, 0), CEILING)
            assert heights[day, detector] == pytest.approx(height)
            assert starts[day, detector] == start


@settings(max_examples=60, deadline=None)
@given(steps=arrays(np.float64, (12, 2), elements=st.floats(-3, 3)))
def test_days_gather_no_more_than_their_images_one_by_one(steps: np.ndarray) -> None:
    one_by_one, _ = evidence(steps)
    by_day, _ = evidence(steps.reshape(4, 3, 2).sum(1))
    assert (by_day <= one_by_one[2::3] + 1e-9).all()


def test_evidence_of_a_long_change_is_soon_gone_when_it_is_over() -> None:
    heights, starts = evidence(np.array([[-1.0]] * 5 + [[3.0]] * 300 + [[-3.0]] * 14))
    assert heights.max() == CEILING
    assert starts[304, 0] == 5
    assert heights[-1, 0] == 0


def test_without_a_change_evidence_is_false_no_more_often_than_its_height_allows() -> None:
    chance = np.random.default_rng(3)
    reference = chance.multinomial(4000, [0.6, 0.3, 0.08, 0.02, 0])
    seen = chance.choice(5, 60_000, p=[0.6, 0.3, 0.08, 0.02, 0])
    heights, starts = evidence(bets(WORDS, reference).T[seen])
    for height in (3.0, 5.0, 7.0):
        begun = [len(np.unique(begin[high >= height])) for begin, high in zip(starts.T, heights.T, strict=True)]
        assert max(begun) <= len(seen) * np.exp(-height)
    assert heights.max() > 3
