"""A place by itself."""

from cxr_core.drift.mix import Share
from cxr_core.drift.sight import Scope
from cxr_core.drift.slices import slice_of
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT

TUBE = Scope("device", "tube")


def said(*answers):
    rows = [{"answer": answer, "probability": p} for answer, p in answers]
    return OPINION_LAYOUT.count(rows)


def test_shares_are_of_what_was_judged_and_refusals_of_what_was_asked():
    opinions = said(("Pneumonia", 0.905), ("Normal", 0.105), ("Uncertain", 0.505), ("not analysed", None))
    found = slice_of(TUBE, PICTURE_LAYOUT.count([{"mean": 0.5}] * 5), opinions, said(("Normal", 0.1)))
    assert found.n == 5
    assert (found.positive, found.before, found.not_analysed) == (Share(1, 3), Share(0, 1), Share(1, 4))
    assert round(found.median, 2) in (0.5, 0.51)


def test_without_opinions_nothing_is_said_of_them():
    found = slice_of(TUBE, PICTURE_LAYOUT.count([{"mean": 0.5}]), OPINION_LAYOUT.nothing(), OPINION_LAYOUT.nothing())
    assert (found.positive.n, found.before, found.median) == (0, None, None)
    assert slice_of(TUBE, PICTURE_LAYOUT.nothing(), OPINION_LAYOUT.nothing(), None).before is None
