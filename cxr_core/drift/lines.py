"""Each signal week by week beside a reference: medians of numbers, shares of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cxr_core.drift.catalogue import About, Signal
from cxr_core.drift.compare import MISSING
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import known
from cxr_core.drift.tally import Layout
from cxr_core.drift.trace import Stream
from cxr_core.drift.weeks import monday

BAND = (0.1, 0.9)
"""Of the reference's images, between which four fifths lie."""


@dataclass(frozen=True)
class Point:
    """What a signal was in a week."""

    week: date
    """Its Monday."""
    n: int
    value: float
    """The median of numbers, or the share of the word that this is drawn for."""


@dataclass(frozen=True)
class Line:
    """A signal week by week."""

    signal: Signal
    word: str
    """Whose share it is; empty for numbers."""
    beside: str
    """Which reference it is drawn in."""
    low: float
    middle: float
    high: float
    """The reference: its median between the ends of BAND, or its share of the word."""
    points: list[Point]


def lines(stream: Stream, references: Mapping[str, Counts], since: date) -> list[Line]:
    """Of the days after `since`, each signal once: beside the first reference, by its name, that knows it.

    The network's axes mean nothing by themselves, and have none.
    """
    by_week: dict[date, Counts] = {}
    for day, counts in zip(stream.days, stream.tallies, strict=True):
        if day > since:
            by_week[monday(day)] = by_week.get(monday(day), stream.layout.nothing()) + counts
    drawn = {
        signal.name: (beside, signal)
        for beside, counts in reversed(list(references.items()))
        for signal in known(stream.layout, counts)
    }
    found = (drawn[signal.name] for signal in stream.layout.signals if signal.name in drawn)
    return [
        line
        for beside, signal in found
        if signal.about is not About.NETWORK
        for line in _lines_of(signal, beside, stream.layout, references[beside], by_week)
    ]


def _lines_of(
    signal: Signal, beside: str, layout: Layout, reference: Counts, by_week: Mapping[date, Counts]
) -> list[Line]:
    usual = layout.of(reference, signal.name)
    weekly = {week: layout.of(counts, signal.name) for week, counts in by_week.items()}
    if signal.grid:
        grid = signal.grid
        low, middle, high = (grid.quantile(usual[:-1], share) or 0.0 for share in (BAND[0], 0.5, BAND[1]))
        found = {week: (int(counts[:-1].sum()), grid.quantile(counts[:-1], 0.5)) for week, counts in weekly.items()}
        points = [Point(week, n, value) for week, (n, value) in found.items() if value is not None]
        return [Line(signal, "", beside, low, middle, high, points)]
    seen = usual + sum(weekly.values())
    return [_share(signal, place, beside, usual, weekly) for place in _drawn(signal) if seen[place]]


def _drawn(signal: Signal) -> range:
    """The first of the model's words is what is left over from the others; of headers all are drawn, and MISSING."""
    return range(signal.bins + 1) if signal.about is About.HEADER else range(1, signal.bins)


def _share(signal: Signal, place: int, beside: str, usual: Counts, weekly: Mapping[date, Counts]) -> Line:
    share = float(usual[place] / usual.sum())
    points = [Point(week, int(c.sum()), float(c[place] / c.sum())) for week, c in weekly.items() if c.sum()]
    return Line(signal, (*signal.words, MISSING)[place], beside, share, share, share, points)
