"""What readers do, from opinions of which it is known."""

from datetime import date
from itertools import count

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cxr_core.drift.conduct import FEWEST, Opinion, by_month, kappa

N, P = "Normal", "Pneumonia"
DAY = date(2026, 3, 14)
NUMBERS = count()


def opinion(label, model=P, first=None, saw=True, image=None, place=1, seconds=10.0, day=DAY):
    return Opinion(day, image or f"one {next(NUMBERS)}", place, label, model, first, saw, seconds)


def pairs(rng, n, accuracy, prevalence=0.4):
    truth = rng.random(n) < prevalence
    said = [np.where(rng.random(n) < accuracy, truth, ~truth) for _ in range(2)]
    return [(P if a else N, P if b else N) for a, b in zip(*said, strict=True)]


@pytest.mark.parametrize("accuracy", [0.6, 0.85, 0.97])
def test_kappa_is_cohens_and_its_interval_is_as_wide_as_chance_makes_it(accuracy):
    rng = np.random.default_rng(1)
    drawn = pairs(rng, 400, accuracy)
    found = kappa(drawn)
    assert found.value == pytest.approx(cohen_kappa_score(*zip(*drawn, strict=True)))
    again = [kappa([drawn[i] for i in rng.integers(0, 400, 400)]).value for _ in range(400)]
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(again), rel=0.12)


def test_of_few_or_of_one_label_there_is_no_kappa():
    assert kappa([(N, P)] * (FEWEST - 1)) is None
    assert kappa([(N, N)] * 50) is None
    assert kappa([]) is None


def test_agreement_counts_only_what_was_seen_and_had_an_answer():
    (month,) = by_month([
        opinion(P), opinion(N), opinion(P, saw=False), opinion(P, model=None), opinion(P, first=N), opinion(P, first=P),
    ])  # fmt: skip
    assert (month.start, month.reads) == (date(2026, 3, 1), 6)
    assert (month.agreed.count, month.agreed.n) == (3, 4)


def test_changes_towards_the_model_and_away_from_it_are_told_apart():
    (month,) = by_month([
        opinion(P, first=N), opinion(N, first=N), opinion(N, first=N), opinion(P, first=P), opinion(N, first=P),
    ])  # fmt: skip
    assert (month.towards.count, month.towards.n) == (1, 3)
    assert (month.away.count, month.away.n) == (1, 2)


def test_a_change_is_a_correction_or_a_reversal_by_what_the_other_reader_said_alone():
    right = [opinion(P, first=N, image="right"), opinion(N, first=P, image="right", place=2)]
    wrong = [opinion(P, first=N, image="wrong", place=2), opinion(N, saw=False, image="wrong")]
    unknown = [opinion(P, first=N, image="both saw"), opinion(P, image="both saw", place=2)]
    alone = [opinion(P, first=N)]
    third = [opinion(P, first=N, image="c", place=3), opinion(N, saw=False, image="c"),
             opinion(P, saw=False, image="c", place=2)]  # fmt: skip
    (month,) = by_month([*right, *wrong, *unknown, *alone, *third])
    assert (month.corrected.count, month.corrected.n) == (2, 3), "both changed on one image, each to the other's"


def test_readers_are_compared_by_what_they_said_by_themselves_and_not_with_who_decides():
    told = []
    for number in range(20):
        own = P if number % 2 else N
        told += [opinion(P, first=own, image=str(number)), opinion(P, first=own, image=str(number), place=2)]
    told.insert(0, opinion(N, saw=False, image="0", place=3))
    (month,) = by_month(told)
    assert month.between.value == 1
    assert month.between.n == 20
    assert month.independent.n == 41


def test_two_who_read_in_different_months_are_a_pair_of_the_later_one():
    pairs = [
        opinion(N if number % 2 else P, saw=False, image=str(number), place=place, day=day)
        for number in range(12)
        for place, day in ((1, DAY), (2, date(2026, 4, 2)))
    ]
    march, april = by_month(pairs)
    assert march.between is None
    assert april.between.n == 12


def test_months_stand_in_order_with_the_median_time():
    months = by_month([
        opinion(P, seconds=30, day=date(2026, 4, 1)),
        opinion(P, seconds=10), opinion(P, seconds=20), opinion(P, seconds=90),
    ])  # fmt: skip
    assert [(month.start.month, month.seconds) for month in months] == [(3, 20), (4, 30)]
