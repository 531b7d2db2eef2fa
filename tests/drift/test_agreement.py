from __future__ import annotations

from datetime import date, timedelta

import pytest
from scipy.stats import binomtest

from cxr_core.drift.agreement import Judgements, weekly_agreement, wilson
from cxr_core.errors import BadInput

MONDAY = date(2025, 3, 3)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (263, 280)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_is_wilsons(successes: int, n: int, confidence: float) -> None:
    expected = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0, 1)


def test_the_interval_of_all_or_none_reaches_the_end() -> None:
    assert wilson(20, 20)[1] == 1
    assert wilson(0, 20)[0] == 0


@pytest.mark.parametrize(("successes", "n", "confidence"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (1, 2, 0)])
def test_what_is_no_share_is_refused(successes: int, n: int, confidence: float) -> None:
    with pytest.raises(BadInput):
        wilson(successes, n, confidence)


def test_agreement_is_counted_by_week_and_version() -> None:
    reads = [Judgements(MONDAY + timedelta(days=day), "one", 1, int(day != 2)) for day in range(9)]
    reads += [Judgements(MONDAY + timedelta(days=8), "two", 1, 0)]
    first, second, release = weekly_agreement(reversed(reads))
    assert (first.start, first.model, first.n, first.agreed) == (date(2025, 3, 3), "one", 7, 6)
    assert (second.start, second.n, second.share) == (date(2025, 3, 10), 2, 1)
    assert (release.start, release.model, release.n, release.share) == (date(2025, 3, 10), "two", 1, 0)
    assert (first.low, first.high) == wilson(6, 7)


def test_a_few_reads_are_not_enough_to_speak_of_a_share() -> None:
    weeks = weekly_agreement([Judgements(MONDAY, "one", 29, 29), Judgements(MONDAY, "two", 30, 30)])
    assert [week.enough for week in weeks] == [False, True]


def test_no_reads_make_no_weeks() -> None:
    assert weekly_agreement([]) == []
