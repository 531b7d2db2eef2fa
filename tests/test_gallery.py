"""The failure gallery: it finds mistakes by the program's own answers, and shows them."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_core.model.gate.reasons import inverted
from cxr_core.records import Label, Opinion
from tools.ablation.shifts import SHIFTS
from tools.gallery import ACROSS, Mistakes, Seen, mistakes, sheet

IMAGE = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)


def opinion(probability, label):
    return Opinion(probability, 0.0, label, np.zeros((7, 7), np.float32), np.zeros(512, np.float32))


@pytest.mark.usefixtures("one_thread")
def test_every_kind_is_sought_among_as_many_pictures_as_there_are(shipped):
    found = list(mistakes(shipped, range(8000, 8004), range(90_000, 90_001)))
    assert [kind.among for kind in found[:4]] == [4, 4, 8, 9]
    assert len(found) == 4 + len(SHIFTS)
    for kind in found:
        assert len(kind.seen) <= kind.among
    assert all(seen.label == Label.NORMAL for seen in found[0].seen)


def test_the_sheet_has_a_strip_for_each_kind_that_was_found_and_the_surest_first():
    sure, unsure = (Seen(IMAGE, "Normal", opinion(p, Label.PNEUMONIA)) for p in (0.99, 0.6))
    kept = Seen(IMAGE[::-1], "Normal", [inverted()])
    both = sheet([Mistakes("a", 9, [unsure] * ACROSS + [sure]), Mistakes("b", 9, []), Mistakes("c", 9, [kept])])
    assert both.height == 2 * sheet([Mistakes("a", 9, [sure])]).height
    assert (sure.said, kept.said) == ("Pneumonia (0.99)", "kept back: inverted")
    assert sheet([Mistakes("a", 9, [unsure, sure])]).tobytes() == sheet([Mistakes("a", 9, [sure, unsure])]).tobytes()
