"""The tails beside scipy's exact test of the same tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cxr_core.drift import hypergeom

tables = st.tuples(*[st.integers(0, 400)] * 4).filter(lambda table: sum(table[:2]) > 0 and sum(table[2:]) > 0)


@settings(max_examples=200, deadline=None)
@given(table=tables)
def test_both_tails_are_those_of_fishers_test(table: tuple[int, int, int, int]) -> None:
    k, others, k_reference, others_there = table
    asked = k, sum(table), k + k_reference, k + others
    rows = [[k, others], [k_reference, others_there]]
    for tail, side in ((hypergeom.upper, "greater"), (hypergeom.lower, "less")):
        assert tail(*asked) == pytest.approx(stats.fisher_exact(rows, alternative=side).pvalue, rel=1e-8, abs=1e-300)


def test_the_chances_of_all_numbers_that_can_be_are_one() -> None:
    assert hypergeom.pmf(np.arange(5, 31), 100, 75, 30).sum() == pytest.approx(1)


def test_tails_of_years_of_images_stay_exact() -> None:
    assert hypergeom.upper(320_000, 1_000_000, 600_000, 500_000) == pytest.approx(
        stats.hypergeom.sf(319_999, 1_000_000, 600_000, 500_000), rel=1e-6
    )
