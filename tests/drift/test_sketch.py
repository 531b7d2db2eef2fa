from __future__ import annotations

import json

import numpy as np
import pytest

from cxr_core.drift.sketch import PROBABILITIES, Sketch, sketch, sketches
from cxr_core.errors import BadInput


def test_a_sketch_survives_json_unchanged() -> None:
    made = sketch(np.random.default_rng(1).normal(size=200))
    assert Sketch.from_dict(json.loads(json.dumps(made.as_dict()))) == made


def test_a_sketch_holds_ends_middle_and_moments_of_the_values() -> None:
    values = np.random.default_rng(2).gamma(2, size=1001)
    made = sketch(values)
    assert made.n == 1001
    assert made.quantiles[0] == pytest.approx(values.min(), abs=1e-6)
    assert made.quantiles[-1] == pytest.approx(values.max(), abs=1e-6)
    assert made.median == pytest.approx(np.median(values), abs=1e-6)
    assert (made.mean, made.std) == pytest.approx((values.mean(), values.std()), abs=1e-6)


def test_a_card_gets_few_numbers_however_many_images_there_were() -> None:
    made = sketch(np.random.default_rng(3).random(5000))
    assert len(made.quantiles) == len(PROBABILITIES)
    assert len(json.dumps(made.as_dict())) < 1000


def test_a_share_of_equal_values_stays_a_run_of_equal_quantiles() -> None:
    made = sketch([0.0] * 60 + [0.5] * 40)
    assert sum(quantile == 0 for quantile in made.quantiles) == pytest.approx(0.6 * len(PROBABILITIES), abs=1)


def test_one_value_is_a_sketch_and_none_is_not() -> None:
    assert sketch([0.25]).quantiles == (0.25,) * len(PROBABILITIES)
    with pytest.raises(BadInput):
        sketch([])


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(BadInput, match="of 2, 1 are"):
        sketch([0.1, float("nan")])


@pytest.mark.parametrize(
    "damage",
    [
        {"n": 0},
        {"n": None},
        {"quantiles": [0.0, 1.0]},
        {"quantiles": [1.0, *([0.0] * 32)]},
        {"quantiles": [float("nan")] * 33},
        {"mean": "high"},
    ],
)
def test_a_damaged_card_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        Sketch.from_dict(sketch([0.1, 0.2]).as_dict() | damage)


def test_a_card_without_a_part_is_refused() -> None:
    with pytest.raises(BadInput, match="std"):
        Sketch.from_dict({key: value for key, value in sketch([0.1]).as_dict().items() if key != "std"})


def test_a_signal_that_some_images_lack_has_the_smaller_number() -> None:
    made = sketches([{"mean": 0.1, "noise": 0.01}, {"mean": 0.3}])
    assert (made["mean"].n, made["noise"].n) == (2, 1)
    assert list(made) == ["mean", "noise"]


def test_no_images_make_no_reference() -> None:
    with pytest.raises(BadInput):
        sketches([])
