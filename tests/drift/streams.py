"""Made-up signals and streams of images whose changes are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from scipy.special import ndtri

from cxr_core.drift.catalogue import About, Signal
from cxr_core.drift.grid import Grid
from cxr_core.drift.tally import Layout
from cxr_core.drift.trace import Stream

NUMBERS = Signal("number", About.HEADER, "Number", "It moved.", Grid(-5, 5, 200))
WORDS = Signal("word", About.HEADER, "Word", "Others came.", words=("PA", "AP", "LL", "Other"), floor=0.05)
BOTH = Layout((NUMBERS, WORDS))
FIRST = date(2025, 1, 1)


def images(chance, n, shift=0.0, words=(0.7, 0.25, 0.05, 0), lacking=0.0):
    """n rows: normal numbers, of which a share is lacking, and words by their shares."""
    values = np.where(chance.random(n) < lacking, np.nan, chance.normal(shift, 1, n))
    said = chance.choice(WORDS.words, n, p=words)
    return [{"number": value, "word": str(word)} for value, word in zip(values, said, strict=True)]


def calm(n):
    """The numbers of n images that are as normal as can be."""
    return ndtri((np.arange(n) + 0.5) / n)


def stream(tallies: Sequence[np.ndarray], layout=BOTH, days=None):
    """One tally a day from FIRST on, or on `days` after it."""
    places = range(len(tallies)) if days is None else days
    return Stream(layout, [FIRST + timedelta(place) for place in places], np.array(tallies))
