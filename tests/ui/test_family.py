"""The family tree: where each version stands in the picture, and what the picture must never do."""

from __future__ import annotations

import re

import pytest

from cxr_core.model import release
from cxr_core.ui.family import drawn, placed
from cxr_core.work.models.registry import State, Version


def version(name, parent=None, was_used=True, state=State.WAS_IN_USE, **more):
    known = {
        "made_at": "2026-03-01T12:00:00.000000+00:00", "weights_sha256": "a1" * 32, "training_set": None, "learnt": {},
        "plan": None, "decisions": (), "card": release.card(), "kept": None,
    }  # fmt: skip
    return Version(name, parent, state, was_used, **{**known, **more})


def lines(*versions):
    return [(found.name, line) for found, line in placed(versions)]


def test_what_served_one_after_the_other_stands_on_one_line():
    assert lines(version("r"), version("2", "r"), version("3", "2")) == [("r", 0), ("2", 0), ("3", 0)]


def test_what_did_not_serve_branches_off_beside_its_parent():
    family = (version("r"), version("2", "r", was_used=False), version("3", "r"), version("4", "3", was_used=False))
    assert lines(*family) == [("r", 0), ("2", 1), ("3", 0), ("4", 1)]


def test_after_a_roll_back_the_last_line_that_served_goes_on():
    family = (version("r"), version("2", "r"), version("3", "2"), version("4", "r"), version("5", "r", was_used=False))
    assert lines(*family) == [("r", 0), ("2", 1), ("3", 1), ("5", 1), ("4", 0)]


def test_each_release_begins_a_tree_of_its_own():
    family = (version("r1"), version("2", "r1"), version("r2"), version("4", "r2"))
    assert lines(*family) == [("r1", 0), ("2", 0), ("r2", 0), ("4", 0)]


@pytest.mark.parametrize("count", [1, 300])
def test_a_long_line_of_versions_stays_narrow_and_is_drawn_whole(count):
    family = [version("0"), *(version(str(n), str(n - 1)) for n in range(1, count))]
    html = drawn(family, "0")
    assert html.count("<circle") == count
    assert html.count("<path") == count - 1
    assert html.count("data-version") == count
    assert f'viewBox="0 0 14 {20 * count}"' in html


def test_the_chosen_one_is_marked_and_rows_stand_in_the_order_of_the_picture():
    html = drawn([version("r"), version("2", "r"), version("3", "r", was_used=False)], "2")
    assert re.findall(r'data-version="(\w)"( class=chosen)?', html) == [("r", ""), ("3", ""), ("2", " class=chosen")]


def test_what_people_typed_can_not_become_a_part_of_the_page():
    decision = {"action": "promote", "decided_by_name": "<b>eve", "reason": "<script>x</script>"}
    html = drawn([version('<img src="x">', decisions=(decision,))], "")
    assert "<script" not in html and "<img" not in html and "<b>" not in html
    assert "&lt;script&gt;" in html
