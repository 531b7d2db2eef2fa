"""Broken inputs of every kind, some hundred of those that `python -m tools.fuzz` gives: each is answered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tools.fuzz.corpus import CORPUS
from tools.fuzz.mutations import PNG_SIGNATURE, mutated
from tools.fuzz.running import fuzz
from tools.fuzz.victim import Victim

FOUND = sorted((Path(__file__).parent / "found").iterdir())
"""What went wrong once, made as small as it could be; a name begins with the kind."""
COUNT = {"dicom": 150, "png": 120, "jpeg": 80, "zip": 100, "stow": 100}

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("kind", CORPUS)
def test_every_broken_input_is_answered_and_nothing_is_left_behind(kind):
    run = fuzz(kind, COUNT[kind])
    assert run.findings == []
    assert (run.inputs, run.stored) >= (COUNT[kind], COUNT[kind] // 20)
    assert run.kept >= 3 and len(run.answers) >= 3


@pytest.mark.parametrize("kind", sorted({path.name.partition("-")[0] for path in FOUND}))
def test_what_went_wrong_once_is_answered(kind):
    victim = Victim(kind, follow=False)
    try:
        for path in FOUND:
            if path.name.startswith(f"{kind}-"):
                answers = [victim.give(way, path.read_bytes()) for way in ("read", "store")]
                assert not any(answer.failed for answer in answers), answers
        assert victim.give("check").outcome == "whole"
    finally:
        victim.end()


def test_the_same_number_makes_the_same_input():
    whole = CORPUS["png"]()[0]
    once, again = (mutated(whole, whole, "png", Random("20261 png 7")) for _ in range(2))
    assert once == again != whole


def test_broken_pngs_get_past_the_checksums():
    whole = CORPUS["png"]()[0]
    found = Counter(mutated(whole, whole, "png", Random(number))[:8] == PNG_SIGNATURE for number in range(100))
    assert found[True] > 60


def test_a_process_that_dies_is_told_and_another_goes_on():
    victim = Victim("png", follow=False)
    try:
        victim._process.kill()
        answer = victim.give("read", b"")
        assert answer.failed and answer.outcome == "the process ended with -9"
        assert victim.give("read", CORPUS["png"]()[0]).outcome == "read"
    finally:
        victim.end()
