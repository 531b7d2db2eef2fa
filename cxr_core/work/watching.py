"""What the drift page shows: what came in and what the model said of it, beside the running model's reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from cxr_core import clock
from cxr_core.drift.agreement import Agreement, weekly_agreement
from cxr_core.drift.catalogue import SIGNALS, About, Signal
from cxr_core.drift.expected import Expected, expected
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import Said, known
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.drift.trace import WINDOW_DAYS, Stream
from cxr_core.drift.weeks import monday
from cxr_core.records import User
from cxr_core.store import models
from cxr_core.store.db import opened
from cxr_core.work import monitoring, revealing, sighting
from cxr_core.work.guarding import EVERYBODY, open_to
from cxr_core.work.monitoring import Release

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
    low: float
    middle: float
    high: float
    """The reference: its median between the ends of BAND, or its share of the word."""
    points: list[Point]


@dataclass(frozen=True)
class Watch:
    """What the drift page shows."""

    model: str
    now: list[Said]
    """What each signal says today, beside each reference and of each place."""
    weeks: dict[date, list[Said]]
    """What each said at the end of each week, by its Monday."""
    images: dict[date, int]
    """How many came in in each week."""
    lines: list[Line]
    expected: Expected
    """What to expect of the model's answers of the last four weeks, from its probabilities alone."""
    agreement: list[Agreement]
    """How often readers agreed, by week and model version."""
    releases: list[Release]
    """When another model was put to use, within the time shown."""


@open_to(*EVERYBODY)
def watch(home: Path, user: User, days: int) -> Watch:
    """The last `days` beside the references. Raises BadInput if the running model's card has none."""
    today = clock.now().date()
    since = today - timedelta(days=days)
    with opened(home) as db:
        found = sighting.seen(db, today, revealing.modes_counted(db, user))
        threshold = float(models.card(db, found.model)["calibration"]["threshold"])
    pictures, said = found.stream(PICTURE_LAYOUT), found.stream(OPINION_LAYOUT)
    ends = {monday(day): day for day in pictures.days if day > since}
    beside = ((pictures, found.reference.pictures), (said, found.reference.opinions))
    return Watch(
        found.model,
        found.sight.on(today),
        {week: found.sight.on(day) for week, day in ends.items()},
        _weekly_images(pictures, since),
        [line for stream, counts in beside for line in _lines(stream, counts, since)],
        _expected(said, today, threshold),
        weekly_agreement(monitoring.agreement(home, user, days)),
        [release for release in monitoring.releases(home, user) if release.at.date() >= since],
    )


def _weekly_images(pictures: Stream, since: date) -> dict[date, int]:
    part = pictures.layout.parts[pictures.layout.signals[0].name]
    found: dict[date, int] = {}
    for day, counts in zip(pictures.days, pictures.tallies, strict=True):
        if day > since:
            found[monday(day)] = found.get(monday(day), 0) + int(counts[part].sum())
    return found


def _expected(said: Stream, today: date, threshold: float) -> Expected:
    probability = SIGNALS["probability"]
    recent = [day > today - timedelta(days=WINDOW_DAYS) for day in said.days]
    counts = said.layout.of(said.tallies[recent].sum(0), probability.name)[:-1]
    assert probability.grid
    return expected(probability.grid, counts, threshold)


def _lines(stream: Stream, reference: Counts, since: date) -> list[Line]:
    by_week: dict[date, Counts] = {}
    for day, counts in zip(stream.days, stream.tallies, strict=True):
        if day > since:
            by_week[monday(day)] = by_week.get(monday(day), stream.layout.nothing()) + counts
    return [
        line
        for signal in known(stream.layout, reference)
        if signal.about is not About.NETWORK
        for line in _lines_of(signal, stream.layout, reference, by_week)
    ]


def _lines_of(signal: Signal, layout: Layout, reference: Counts, by_week: Mapping[date, Counts]) -> list[Line]:
    usual = layout.of(reference, signal.name)
    weekly = {week: layout.of(counts, signal.name) for week, counts in by_week.items()}
    if signal.grid:
        grid = signal.grid
        low, middle, high = (grid.quantile(usual[:-1], share) or 0.0 for share in (BAND[0], 0.5, BAND[1]))
        found = {week: (int(counts[:-1].sum()), grid.quantile(counts[:-1], 0.5)) for week, counts in weekly.items()}
        points = [Point(week, n, value) for week, (n, value) in found.items() if value is not None]
        return [Line(signal, "", low, middle, high, points)]
    known = usual + sum(weekly.values())
    return [_share(signal, place, usual, weekly) for place in range(1, len(signal.words)) if known[place]]


def _share(signal: Signal, place: int, usual: Counts, weekly: Mapping[date, Counts]) -> Line:
    share = float(usual[place] / usual.sum())
    points = [Point(week, int(c.sum()), float(c[place] / c.sum())) for week, c in weekly.items() if c.sum()]
    return Line(signal, signal.words[place], share, share, share, points)
