from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.grid import Grid, Scale
from cxr_core.errors import BadInput

GRIDS = [Grid(-1, 1, 8), Grid(0, 1, 100, Scale.ROOT), Grid(0.25, 4, 80, Scale.LOG)]
TENTHS = Grid(0, 1, 10)
numbers = st.lists(st.floats(-10, 10), max_size=60)


@pytest.mark.parametrize("grid", GRIDS)
@settings(max_examples=40, deadline=None)
@given(values=numbers)
def test_counts_are_a_histogram_whose_ends_take_what_lies_beyond(grid: Grid, values: list[float]) -> None:
    inside = np.clip(values, grid.low, grid.high)
    assert grid.counts(values).tolist() == np.histogram(inside, grid.edges)[0].tolist()


@pytest.mark.parametrize("grid", GRIDS)
@settings(max_examples=20, deadline=None)
@given(some=numbers, others=numbers)
def test_counts_add_up(grid: Grid, some: list[float], others: list[float]) -> None:
    assert np.array_equal(grid.counts(some) + grid.counts(others), grid.counts(some + others))


@pytest.mark.parametrize("grid", GRIDS)
def test_bins_reach_from_low_to_high_and_hold_their_middles(grid: Grid) -> None:
    assert (grid.edges[0], grid.edges[-1], len(grid.edges)) == (grid.low, grid.high, grid.bins + 1)
    assert (grid.edges[:-1] < grid.middles).all() and (grid.middles < grid.edges[1:]).all()
    assert grid.counts(grid.middles).tolist() == [1] * grid.bins
    assert grid.counts(grid.edges).tolist() == [1] * (grid.bins - 1) + [2]


def test_what_is_no_number_falls_into_no_bin() -> None:
    assert TENTHS.counts([np.nan, np.inf, -np.inf, None]).sum() == 0
    assert TENTHS.counts([]).tolist() == [0] * 10


def test_zero_and_less_lie_in_the_first_bin_of_multiples() -> None:
    assert Grid(0.25, 4, 4, Scale.LOG).counts([-1, 0, 0.1, 5]).tolist() == [3, 0, 0, 1]


def test_scales_share_bins_out_evenly() -> None:
    assert Grid(1, 16, 4, Scale.LOG).edges == pytest.approx([1, 2, 4, 8, 16])
    assert Grid(0, 16, 4, Scale.ROOT).edges == pytest.approx([0, 1, 4, 9, 16])
    assert Grid(0, 16, 4).edges == pytest.approx([0, 4, 8, 12, 16])


@pytest.mark.parametrize(("name", "value"), [("shorter", 2048.0), ("elongation", 1.0), ("age", 65.0), ("kvp", 120.0)])
def test_common_values_on_an_edge_lie_exactly_on_it(name: str, value: float) -> None:
    grid = SIGNALS[name].grid
    assert grid and value in grid.edges.tolist()


def test_a_quantile_is_the_middle_of_its_bin() -> None:
    counts = TENTHS.counts([0.11, 0.52, 0.53, 0.91])
    found = [TENTHS.quantile(counts, share) for share in (0, 0.25, 0.26, 0.75, 0.76, 1)]
    assert found == pytest.approx([0.15, 0.15, 0.55, 0.55, 0.95, 0.95])
    assert TENTHS.quantile(np.zeros(10, np.int64), 0.5) is None


@pytest.mark.parametrize("grid", [Grid(0, 1, 200), *GRIDS])
@settings(max_examples=60, deadline=None)
@given(value=st.floats(0.3, 0.99), slack=st.floats(0, 0.2))
def test_a_difference_of_slack_moves_no_value_further_than_its_bins(grid: Grid, value: float, slack: float) -> None:
    before, after = grid.counts([value]).argmax(), grid.counts([value + slack]).argmax()
    assert after - before <= grid.bins_within(slack)


def test_slack_of_whole_bins_spans_no_more() -> None:
    assert [Grid(0, 1, 200).bins_within(slack) for slack in (0, 0.004, 0.005, 0.006, 0.01)] == [0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("low", "high", "bins", "scale"),
    [
        (1, 1, 5, Scale.LINEAR),
        (2, 1, 5, Scale.LINEAR),
        (0, 1, 1, Scale.LINEAR),
        (-1, 1, 5, Scale.ROOT),
        (0, 1, 5, Scale.LOG),
        (float("nan"), 1, 5, Scale.LINEAR),
    ],
)
def test_what_has_no_bins_is_refused(low: float, high: float, bins: int, scale: Scale) -> None:
    with pytest.raises(BadInput, match=r"begin above 0|no bins"):
        Grid(low, high, bins, scale)
