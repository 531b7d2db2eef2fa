"""How right the answers were by those who read without them, out of the differences between finding and probability."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxr_core.drift.audited import FEWEST, audited, differ
from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.expected import expected
from cxr_core.drift.grid import Grid

GRID = SIGNALS["left over"].grid
THRESHOLD = 0.4


def patients(n, seed=1, honest=True):
    """Probabilities, and whether each is ill: with that chance, or with a chance that has nothing to do with it."""
    chance = np.random.default_rng(seed)
    p = chance.beta(0.6, 1.2, n)
    return p, chance.random(n) < (p if honest else np.full(n, 0.5))


def found(p, ill, threshold=THRESHOLD):
    return audited(GRID, GRID.counts(ill - p), threshold)


def test_figures_are_those_of_the_patients_themselves():
    p, ill = patients(3000)
    told, called = found(p, ill), p >= THRESHOLD
    assert told.n == 3000
    assert told.accuracy.value == pytest.approx((called == ill).mean(), abs=0.006)
    assert told.sensitivity.value == pytest.approx(called[ill].mean(), abs=0.006)
    assert told.specificity.value == pytest.approx(1 - called[~ill].mean(), abs=0.006)
    assert told.auc.value == pytest.approx(roc_auc_score(ill, p), abs=0.003)


def test_where_probabilities_hold_what_was_expected_is_found():
    p, ill = patients(2000)
    usual = expected(Grid(0, 1, 100), Grid(0, 1, 100).counts(p), THRESHOLD)
    assert differ(usual, found(p, ill)) == []


def test_where_they_do_not_it_is_told_by_which_figures():
    p, ill = patients(2000, honest=False)
    usual = expected(Grid(0, 1, 100), Grid(0, 1, 100).counts(p), THRESHOLD)
    assert differ(usual, found(p, ill)) == ["accuracy", "sensitivity", "specificity", "auc"]


def test_a_faultless_month_is_no_proof():
    p, ill = np.repeat([0.001, 0.999], 20), np.repeat([False, True], 20)
    told = found(p, ill)
    assert (told.sensitivity.value, told.specificity.value, told.auc.value) == (1, 1, 1)
    assert told.sensitivity.low < 0.9 and told.auc.low < 0.9


@pytest.mark.parametrize(("healthy", "sick"), [(0, 0), (FEWEST - 1, 50), (50, FEWEST - 1)])
def test_too_few_of_either_tell_nothing(healthy, sick):
    p, ill = np.repeat([0.2, 0.8], [healthy, sick]), np.repeat([False, True], [healthy, sick])
    told = found(p, ill)
    assert told.n == healthy + sick
    assert {told.accuracy, told.sensitivity, told.specificity, told.auc} == {None}
    assert differ(expected(Grid(0, 1, 100), np.full(100, 5), THRESHOLD), told) == []
