"""The rules of other tools, rewritten in the bench, say what the formulas say that they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, chisquare, ks_2samp, wasserstein_distance

from bench import drift_others
from bench.drift_others import EVIDENTLY_FEW, EVIDENTLY_MANY, KS, Column, chances, how_far
from bench.drift_streams import CHANGES, stream
from tests.drift import simulated
from tests.drift.streams import NUMBERS, WORDS


@pytest.fixture(scope="module")
def material():
    return simulated.material()


def of_numbers(shift=0.0, n=90):
    chance = np.random.default_rng(3)
    middles = NUMBERS.grid.middles
    counts = [NUMBERS.grid.counts(chance.normal(at, 1, size)) for at, size in ((0, 400), (shift, n))]
    return Column(NUMBERS, counts[0], counts[1][None]), *(np.repeat(middles, each) for each in counts)


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_numbers_are_told_apart_by_kolmogorov_and_wasserstein(shift):
    column, reference, current = of_numbers(shift)
    n, m = len(current), len(reference)
    exact = ks_2samp(reference, current, method="exact").pvalue
    assert chances(column)[0] == pytest.approx(exact, rel=0.35, abs=1e-9)
    assert how_far(column)[0] == pytest.approx(wasserstein_distance(reference, current) / reference.std())
    assert drift_others._metric(column)[0] == pytest.approx(ks_2samp(reference, current).statistic)
    assert (n, m) == (90, 400)


def test_words_are_told_apart_by_chi_squared_and_jensen_and_shannon():
    reference, current = np.array([300, 120, 60, 20]), np.array([40, 30, 6, 4])
    column = Column(WORDS, reference, current[None])
    assert chances(column)[0] == pytest.approx(chisquare(current, reference / reference.sum() * current.sum()).pvalue)
    assert how_far(column)[0] == pytest.approx(jensenshannon(reference, current))
    assert drift_others._metric(column)[0] == pytest.approx(chi2_contingency([reference, current])[0])


def test_two_words_are_told_apart_by_their_shares():
    reference, current = np.array([300, 100, 0, 0]), np.array([40, 40, 0, 0])
    column = Column(WORDS, reference, current[None])
    plain = chi2_contingency([reference[:2], current[:2]], correction=False)
    assert chances(column)[0] == pytest.approx(plain.pvalue)
    assert drift_others._metric(column)[0] == pytest.approx(chi2_contingency([reference[:2], current[:2]])[0])


def test_a_word_that_the_reference_lacks_is_drift_and_no_image_is_none():
    column = Column(WORDS, np.array([300, 100, 10, 0]), np.array([[30, 10, 1, 1], [0, 0, 0, 0]]))
    assert chances(column).tolist() == [0.0, 1.0]


def test_rules_say_drift_of_another_hospital_and_the_plainest_of_nothing_too(material):
    change, before = CHANGES[2], 60
    reference = simulated.reference(material["usual"])
    came = stream(material, np.random.default_rng(1), 30, before + 40, change, before)
    cries = drift_others.cries(came, reference)
    assert not cries[EVIDENTLY_FEW][:before].any() and not cries[EVIDENTLY_MANY][10:before].any()
    assert all(cry[-1] for cry in (cries[KS], cries[EVIDENTLY_MANY]))
    quiet = stream(material, np.random.default_rng(2), 30, 300)
    assert drift_others.cries(quiet, reference)[KS].mean() > 0.3


def test_chexstrays_score_is_standardised_on_calm_days_and_rises_with_a_change(material):
    came = stream(material, np.random.default_rng(1), 30, 150, CHANGES[2], 120)
    score = drift_others.score(came, 120)
    known = ~np.isnan(score)
    assert not known[:3].any() and known[8:].all()
    assert abs(score[:120][known[:120]].mean()) < 0.05
    assert score[-1] > 1 > np.abs(score[10:120]).max()


def test_windows_end_on_their_day():
    assert drift_others._window(np.arange(1, 6)[:, None], 2)[:, 0].tolist() == [1, 3, 5, 7, 9]
