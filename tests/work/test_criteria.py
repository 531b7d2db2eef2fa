"""What a candidate must hold to, one by one, on numbers made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxr_core.model import calibrate
from cxr_core.work.models.change_plan import shipped
from cxr_core.work.models.criteria import Locked, Said, better_on_flagged, enough, findings

GATE = replace(shipped("default").gate, margin=0.05)
IMAGES = 400


def locked(images=IMAGES, each=1, **slices):
    labels = (np.arange(images) % 2).astype(np.int64)
    known = {"device": "one", "view": "PA", "age band": "18 to 39", "sex": "F", **slices}
    return Locked(labels, [str(n // each) for n in range(images)], [known] * images)


def said(name, seed=0, shift=4.0, noise=0.1, refused=0, of=None):
    """A model whose logits part the classes by `shift`, differing a little from the others."""
    known = of or locked()
    common = np.random.default_rng(7).normal(size=len(known))
    own = np.random.default_rng(seed).normal(size=len(known))
    logits = known.labels * shift + common + noise * own
    judged = np.arange(len(known)) >= refused
    return Said(name, logits, calibrate.fit(logits, known.labels, name), judged)


def failed(candidate, running=None, first=None, known=None, gate=GATE):
    """The checks that a candidate fails."""
    known = known or locked()
    running, first = running or said("running", 1, of=known), first or said("first", 2, of=known)
    return [each for each in findings(candidate, running, first, known, gate) if not each.passed]


def names(found):
    return [each.check for each in found]


def test_a_model_that_says_the_same_passes_all():
    running = said("running", 1)
    assert failed(running, running, running) == []


def test_a_better_one_passes_all():
    assert failed(said("better", 3, shift=4.6)) == []


def test_one_that_falls_below_the_running_model_is_refused_however_little():
    found = failed(said("a little worse", 3, shift=3.9))
    assert names(found) == ["not below the running model"]
    assert "against running, which runs now, the AUC changes by -0.0" in found[0].says


def test_one_that_may_have_lost_more_than_the_margin_on_the_first_release_is_refused():
    worse = said("worse", 3, shift=1.5)
    found = failed(worse, running=worse)
    assert "not inferior to the first release" in names(found)
    (says,) = [each.says for each in found if each.check == "not inferior to the first release"]
    assert "against first, the first release" in says
    assert "a loss of more than 0.05 can't be excluded" in says


def test_a_margin_that_the_locked_set_is_too_small_for_is_refused_with_the_number_needed():
    few, gate = locked(40), replace(GATE, locked_per_class=10, margin=0.005)
    first = said("first", 2, shift=1.5, noise=1.0, of=few)
    found = failed(said("candidate", 3, shift=3.0, noise=1.0, of=few), first, first, few, gate)
    (says,) = [each.says for each in found if each.check == "margin can be tested"]
    needed = int(says.split(": ")[1].split(" are needed")[0])
    assert needed > 40
    assert "for the plan's 0.005" in says


def test_sensitivity_is_asked_for_at_its_own_threshold():
    candidate = said("candidate", 3, shift=5)
    blunt = replace(candidate, calibration=replace(candidate.calibration, threshold=0.999, pneumonia_from=0.9999))
    (found,) = failed(blunt)
    assert found.check == "sensitivity"
    assert found.found < GATE.sensitivity_floor


def test_a_worse_calibration_is_refused():
    candidate = said("candidate", 3, shift=5)
    assert "calibration" in names(failed(replace(candidate, calibration=replace(candidate.calibration, slope=0.05))))


@pytest.mark.parametrize(("refused", "passes"), [(8, True), (9, False)])
def test_it_may_refuse_two_in_a_hundred_more_than_either_rival(refused, passes):
    found = failed(said("candidate", 3, shift=5, refused=refused))
    assert (found == []) is passes
    assert names(found) == ([] if passes else ["answers as often as running", "answers as often as first"])


SLICES = [("device", "portable"), ("view", "AP"), ("age band", "6 to 17"), ("sex", "M")]


@pytest.mark.parametrize(("kind", "value"), SLICES)
def test_a_slice_with_enough_cases_must_not_fall_below_its_floor(kind, value):
    known = locked()
    bad = np.arange(IMAGES) < 80
    known = replace(known, slices=[{**each, kind: value} if bad[n] else each for n, each in enumerate(known.slices)])
    candidate = said("candidate", 3, shift=9)
    logits = np.where(bad, np.random.default_rng(1).normal(4.5, 1, IMAGES), candidate.logits)
    found = failed(replace(candidate, logits=logits), known=known)
    assert f"{kind} {value}" in names(found)
    assert f"{kind} {value}" not in names(failed(candidate, known=known))


def test_a_slice_with_too_few_cases_is_not_judged_by_itself():
    known = locked()
    few = [{**each, "device": "rare"} if n < 50 else each for n, each in enumerate(known.slices)]
    checks = names(findings(said("a"), said("b", 1), said("c", 2), replace(known, slices=few), GATE))
    assert "device one" in checks
    assert "device rare" not in checks


def test_enough_locked_patients_are_asked_for_of_both_classes_and_more_than_one():
    gate = replace(GATE, locked_per_class=100)
    assert enough(locked(200), gate).passed
    few = enough(locked(198), gate)
    assert (few.passed, few.found) == (False, 99)
    assert "needs 100 locked patients of each class, and there are 99 of one" in few.says
    assert not enough(locked(396, each=4), gate).passed
    assert not enough(locked(200, each=200), replace(GATE, locked_per_class=0)).passed
    assert not enough(Locked(np.zeros(0, np.int64), [], []), gate).passed


def test_what_was_flagged_and_kept_out_must_have_got_better():
    own, other = np.full(6, 0.6), np.full(6, 0.4)
    assert better_on_flagged(own, other, GATE).passed
    assert not better_on_flagged(other, own, GATE).passed
    assert not better_on_flagged(own, own, GATE).passed
    assert better_on_flagged(np.ones(6), np.ones(6), GATE).passed, "there is nothing better than all"
    few = better_on_flagged(own[:4], other[:4], GATE)
    assert (few.passed, few.found, few.bound) == (False, 4, 5)
    assert better_on_flagged(own[:0], other[:0], replace(GATE, flagged_kept_out=0)).passed
    assert better_on_flagged(other[:1], own[:1], replace(GATE, flagged_kept_out=0)).passed, "the plan doesn't ask"
