"""All that is watched at one time: streams of images beside references, each signal with its word for every day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from cxr_core.drift.catalogue import Signal
from cxr_core.drift.grid import Counts
from cxr_core.drift.tally import Layout
from cxr_core.drift.trace import WINDOW_DAYS, Budget, Finding, Limits, Stream, Trace, images_a_year

BUDGET = Budget()
ALONE = 3.0
"""How many times as far as any other a device must have moved to be the only one."""


@dataclass(frozen=True)
class Scope:
    """Which images: all of the site, or those of one device or view."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


SITE = Scope("site")


@dataclass(frozen=True)
class Watched:
    """A stream of images beside a reference."""

    scope: Scope
    beside: str
    """What the reference is: the model's own, or the site's."""
    trace: Trace


@dataclass(frozen=True)
class Said:
    """What a signal of a stream says."""

    scope: Scope
    beside: str
    finding: Finding

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same from day to day."""
        return str(self.scope), self.beside, self.finding.signal.name


class Sight:
    """Everything that is watched; its limits keep all of it together to one budget."""

    def __init__(self, watched: Sequence[Watched], budget: Budget = BUDGET) -> None:
        self.watched = [each for each in watched if each.trace.stream.days]
        self._budget = budget

    @cached_property
    def comparisons(self) -> int:
        """How many signals are compared at each look."""
        return sum(len(each.trace.signals) for each in self.watched)

    @cached_property
    def detectors(self) -> int:
        """How many bets are made on sudden change."""
        return sum(each.trace.detectors for each in self.watched)

    def limits(self, day: date) -> Limits:
        """On a day, by the pace of the busiest stream in the weeks before it."""
        streams = [each.trace.stream for each in self.watched]
        paces = [images_a_year(stream, place) for stream in streams if (place := _place(stream, day)) is not None]
        return self._budget.limits(self.comparisons, self.detectors, max(paces, default=0.0))

    def on(self, day: date, scope: Scope | None = None) -> list[Said]:
        """What every signal says on a day, or those of one place; of a stream that had no image then, what it said on
        the last before.

        A stream that had none for WINDOW_DAYS says nothing any more.
        """
        limits = self.limits(day)
        return [
            Said(each.scope, each.beside, finding)
            for each in self.watched
            if scope in (None, each.scope) and (place := _place(each.trace.stream, day)) is not None
            for finding in each.trace.findings(place, limits)
        ]

    @property
    def days(self) -> list[date]:
        """Those on which anything came that is watched, ascending."""
        return sorted({day for each in self.watched for day in each.trace.stream.days})

    def quiet_until(self, days: Sequence[date]) -> date | None:
        """The first of some days on which a signal may call an alarm: never later than one does. None for none."""
        if not days:
            return None
        limits = [self.limits(day) for day in days]
        lowest = replace(limits[0], height=min(each.height for each in limits))
        loud = (day for each in self.watched if (day := each.trace.quiet_until(lowest, days[0])))
        return min(loud, default=None)

    def culprit(self, signal: Signal, first: date, last: date, known: Container[str] = ()) -> Scope | None:
        """The device or view that alone explains what moved in those days; None where none does, or several do.

        Those of which it is `known` already, by their names with their kinds, explain nothing new.
        """
        for kind in ("device", "view"):
            streams = [each for each in self.watched if each.scope.kind == kind and signal in each.trace.signals]
            asked = [each for each in streams if str(each.scope) not in known]
            moved = sorted((each.trace.effect_between(signal, first, last), each.scope.name) for each in asked)
            if len(streams) > 1 and moved and _stands_out([effect for effect, _ in moved], signal.floor):
                return Scope(kind, moved[-1][1])
        return None


def _stands_out(effects: Sequence[float], floor: float) -> bool:
    """Whether the last of these, ascending, is large, and the others are small beside it."""
    return effects[-1] >= floor and (len(effects) < 2 or effects[-1] >= ALONE * effects[-2])


class Days:
    """Counts of days, added up for each scope as they are read, so that nothing is kept of the rows themselves."""

    def __init__(self, layout: Layout, first: date, last: date, scopes: Iterable[Scope] = (SITE,)) -> None:
        self._layout, self._first = layout, first
        length = (last - first).days + 1
        self._counts = {scope: np.zeros((length, layout.width), np.int32) for scope in scopes}
        self._images = {scope: np.zeros(length, np.int64) for scope in self._counts}
        self._found: dict[tuple[str, str], list[tuple[Counts, Counts]]] = {}

    def add(self, day: date, device: str, view: str, images: int, tally: Counts) -> None:
        """What came from one device and of one view on a day between the first and the last."""
        place = (day - self._first).days
        for counts, total in self._of(device, view):
            counts[place] += tally
            total[place] += images

    def _of(self, device: str, view: str) -> list[tuple[Counts, Counts]]:
        if (device, view) not in self._found:
            scopes = {SITE, Scope("device", device), Scope("view", view)} & self._counts.keys()
            self._found[device, view] = [(self._counts[scope], self._images[scope]) for scope in scopes]
        return self._found[device, view]

    def stream(self, scope: Scope = SITE, since: date = date.min) -> Stream:
        """All of a scope from a day on, by the days that had images."""
        places = np.flatnonzero(self._images[scope] > 0)
        places = places[places >= (since - self._first).days]
        days = [self._first + timedelta(days=place) for place in places.tolist()]
        return Stream(self._layout, days, self._counts[scope][places])


def known(layout: Layout, reference: Counts) -> list[Signal]:
    """The signals of which a reference says something."""
    return [signal for signal in layout.signals if layout.of(reference, signal.name)[:-1].any()]


def _place(stream: Stream, day: date) -> int | None:
    """Of the day among the stream's, or of the last before it; None where there is none in WINDOW_DAYS."""
    place = bisect_right(stream.days, day) - 1
    return place if place >= 0 and (day - stream.days[place]).days < WINDOW_DAYS else None
