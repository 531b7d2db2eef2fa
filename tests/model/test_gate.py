"""Which X-rays the model may judge, by what the header says."""

from __future__ import annotations

import pytest

from cxr_core.model.card import Intended
from cxr_core.model.gate import objections
from tests.model.chests import chest, plain

CHILDREN = Intended()


def said_of(**known):
    return objections(plain(chest(1, False, 32), **known), CHILDREN)


@pytest.mark.parametrize("view", ["AP", "PA"])
@pytest.mark.parametrize("age", [1, 3, 5])
def test_a_frontal_view_of_a_child_in_the_range_is_judged(view, age):
    assert said_of(view=view, age_years=age) == []


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLO"])
def test_a_view_from_the_side_is_not_judged(view):
    (reason,) = said_of(view=view, age_years=3)
    assert view in reason
    assert "AP and PA" in reason


@pytest.mark.parametrize("age", [0, 6, 71])
def test_another_age_is_not_judged(age):
    (reason,) = said_of(view="PA", age_years=age)
    assert f"patient of {age} years" in reason
    assert "1 to 5 years" in reason


def test_each_objection_is_named():
    assert len(said_of(view="LL", age_years=40)) == 2


def test_what_is_not_known_never_objects():
    assert said_of() == said_of(age_years=4) == said_of(view="PA") == []
