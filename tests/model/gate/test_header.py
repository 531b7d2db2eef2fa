"""Which X-rays the model may judge, by what the header says."""

from __future__ import annotations

import pytest

from cxr_core.model.gate.header import objections
from cxr_core.model.intended import Intended
from tests.model.chests import chest, plain

CHILDREN = Intended()


def said_of(**known):
    return objections(plain(chest(1, False, 32), **known), CHILDREN)


@pytest.mark.parametrize("view", ["AP", "PA"])
@pytest.mark.parametrize("age", [1, 3, 5])
def test_a_frontal_view_of_a_child_in_the_range_is_judged(view, age):
    assert said_of(view=view, age_years=age, body_part="CHEST", modality="DX") == []


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLO"])
def test_a_view_from_the_side_is_not_judged(view):
    (objection,) = said_of(view=view, age_years=3)
    assert (objection.kind, objection.code) == ("view", "view")
    assert view in objection.sentence
    assert "AP and PA" in objection.sentence


@pytest.mark.parametrize("age", [0, 6, 71])
def test_another_age_is_not_judged(age):
    (objection,) = said_of(view="PA", age_years=age)
    assert (objection.kind, objection.code) == ("age", "age")
    assert f"patient of {age} years" in objection.sentence
    assert "1 to 5 years" in objection.sentence


@pytest.mark.parametrize("part", ["HAND", "SKULL", "ABDOMEN"])
def test_another_part_of_the_body_is_not_judged(part):
    (objection,) = said_of(body_part=part)
    assert (objection.kind, objection.code) == ("body part", "body_part")
    assert objection.sentence.startswith(part.lower())


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG"])
def test_what_is_no_xray_is_not_judged(modality):
    (objection,) = said_of(modality=modality)
    assert (objection.kind, objection.code) == ("modality", "modality")
    assert modality in objection.sentence


def test_each_objection_is_named_and_says_what_to_do():
    found = said_of(view="LL", age_years=40, body_part="KNEE", modality="CT")
    assert [objection.code for objection in found] == ["modality", "body_part", "view", "age"]
    assert all(objection.sentence.endswith(".") for objection in found)


def test_what_is_not_known_never_objects():
    assert said_of() == said_of(age_years=4) == said_of(view="PA") == said_of(body_part="CHEST") == []
