"""Simpson's check: what of a change lies within the parts, and what their mix does."""

import pytest

from cxr_core.drift.mix import Change, Share, Verdict, change


def shares(**parts):
    return {name: Share(*part) for name, part in parts.items()}


def found(before, now):
    return change(shares(**before), shares(**now))


def test_where_the_parts_move_alike_and_send_as_much_all_of_it_lies_within():
    told = found({"a": (10, 100), "b": (20, 100)}, {"a": (30, 100), "b": (40, 100)})
    assert (told.within, told.mix, told.whole) == pytest.approx((0.2, 0.0, 0.2))
    assert told.together
    assert told.verdict is Verdict.WITHIN


def test_where_only_their_weights_move_all_of_it_is_the_mix():
    told = found({"low": (10, 100), "high": (80, 100)}, {"low": (5, 50), "high": (120, 150)})
    assert (told.within, told.mix, told.whole) == pytest.approx((0.0, 0.175, 0.175))
    assert told.verdict is Verdict.MIX


def test_kitagawas_parts_by_hand():
    """Weights 0.5 and 0.5, then 0.25 and 0.75; shares 0.1 and 0.5, then 0.3 and 0.6."""
    told = found({"a": (10, 100), "b": (50, 100)}, {"a": (15, 50), "b": (90, 150)})
    assert told.within == pytest.approx(0.2 * 0.375 + 0.1 * 0.625)
    assert told.mix == pytest.approx(-0.25 * 0.2 + 0.25 * 0.55)
    assert told.within + told.mix == pytest.approx(told.whole)


def test_a_whole_that_falls_while_every_part_rises_is_a_reversal():
    """The two treatments of kidney stones: 93 % and 73 % beside 87 % and 69 %, yet 78 % beside 83 % (Charig 1986)."""
    told = found({"small": (234, 270), "large": (55, 80)}, {"small": (81, 87), "large": (192, 263)})
    assert told.whole == pytest.approx(273 / 350 - 289 / 350)
    assert told.within > 0 > told.whole
    assert told.together
    assert told.verdict is Verdict.OPPOSED


def test_a_whole_that_stands_still_over_parts_that_move_is_said():
    told = found({"low": (10, 100), "high": (70, 100)}, {"low": (38, 150), "high": (42, 50)})
    assert abs(told.whole) < 0.01
    assert told.within > 0.1
    assert told.verdict is Verdict.HIDDEN


def test_a_part_that_is_new_or_gone_is_of_the_mix():
    told = found({"a": (10, 100), "gone": (50, 100)}, {"a": (10, 100), "new": (100, 100)})
    assert told.within == 0
    assert told.mix == pytest.approx(told.whole) == pytest.approx(0.25)
    assert told.verdict is Verdict.MIX


def test_parts_that_move_apart_are_not_together():
    told = found({"a": (10, 100), "b": (50, 100)}, {"a": (40, 100), "b": (45, 100)})
    assert not told.together
    assert told.verdict is Verdict.WITHIN


@pytest.mark.parametrize(("before", "now"), [({}, {}), ({"a": (1, 3)}, {"a": (20, 40)}), ({"a": (20, 40)}, {})])
def test_too_few_say_nothing(before, now):
    assert found(before, now).verdict is Verdict.TOO_FEW


def test_a_small_change_is_steady():
    assert found({"a": (10, 100)}, {"a": (12, 100)}).verdict is Verdict.STEADY
    assert Change(Share(10, 100), Share(10, 100), 0.0, 0.0, together=True).verdict is Verdict.STEADY
