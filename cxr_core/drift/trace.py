"""Each signal of a stream of images beside its reference, day by day: how far, how likely by chance, since when.

Two ways of looking are taken together. The window of four weeks sees what is slow and lasts; evidence gathered image by
image (`sudden`) sees what is quick. Either speaks only where the effect is large enough to matter, and only if it holds
on two looks in a row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.catalogue import Signal
from cxr_core.drift.compare import Comparison, compare, effects, least_chances, moved
from cxr_core.drift.grid import Counts
from cxr_core.drift.sudden import bets, evidence
from cxr_core.drift.tally import Layout

WINDOW_DAYS = 28
ENOUGH = 30
"""Images below which the window says nothing; and no signal says anything beside a reference of fewer."""
A_FEW = 10
"""Images below which nothing is called sudden."""
LOOKS_A_YEAR = 365
CHANCE = 1.5
"""What chance alone moves, over the root of the number of images, hardly ever exceeds this."""
WATCH_SHARE = 0.5
"""Of a signal's floor: the least effect that is watched."""


class State(StrEnum):
    """What a signal says."""

    TOO_FEW = "too few images to say"
    STEADY = "steady"
    WATCH = "watch"
    ALARM = "alarm"


_RANK = {state: rank for rank, state in enumerate(State)}
"""From saying nothing to the worst."""


@dataclass(frozen=True)
class Stream:
    """What came in day by day, as a layout counts it: one place, one view, or all of the site."""

    layout: Layout
    days: Sequence[date]
    """Those with images, ascending."""
    tallies: Counts
    """Days x layout.width."""


@dataclass(frozen=True)
class Limits:
    """From what on a signal speaks: so that the whole page keeps to its budget of false alarms."""

    alarm: float
    """The chance at most, for the window."""
    watch: float
    height: float
    """The logarithm of the evidence at least, for sudden change."""
    watch_height: float


@dataclass(frozen=True)
class Budget:
    """How often the whole page may be wrong."""

    alarms_a_year: float = 0.5
    """On average at most; half of it for the window, half for sudden change."""
    watches_a_year: float = 6.0

    def limits(self, comparisons: int, detectors: int, images_a_year: float) -> Limits:
        """By the sum of all chances (Bonferroni): of so many comparisons a look, and detectors over so many images.

        What detectors reach by chance is counted from where their evidence began: a false alarm counts once, for
        however many days it stands.
        """
        looks, bets_a_year = LOOKS_A_YEAR * max(comparisons, 1), max(detectors, 1) * max(images_a_year, 1.0)
        return Limits(
            self.alarms_a_year / 2 / looks, self.watches_a_year / 2 / looks,
            float(np.log(bets_a_year / (self.alarms_a_year / 2))),
            float(np.log(bets_a_year / (self.watches_a_year / 2))),
        )  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What a signal says on a day."""

    signal: Signal
    state: State
    n: int
    """Images in the window, or since it began where that is sudden."""
    effect: float | None
    """Of those images; None where there are too few."""
    chance: float | None
    """At most, of such an effect or evidence without a change, in this one look."""
    since: date | None
    """The first day of the evidence, or of the first window since which each has spoken; None while steady."""
    sudden: bool = False
    what: str = ""
    """The word whose share changed most, or MISSING of `compare`."""


class Trace:
    """The signals of one stream beside one reference."""

    def __init__(self, stream: Stream, reference: Counts, signals: Sequence[Signal]) -> None:
        self.stream, self.reference, self.signals = stream, reference, signals
        self._sums = np.zeros((len(stream.days) + 1, stream.layout.width), stream.tallies.dtype)
        np.cumsum(stream.tallies, axis=0, out=self._sums[1:])
        ordinals = np.array([day.toordinal() for day in stream.days])
        self._first = np.searchsorted(ordinals, ordinals - WINDOW_DAYS + 1)
        self._bets = {each.name: bets(each, self._of_reference(each)) for each in signals}
        self._gathered = self._all_evidence()
        self._compared: dict[tuple[str, int], Comparison | None] = {}

    @property
    def detectors(self) -> int:
        """How many bets are made."""
        return sum(len(found) for found in self._bets.values())

    def findings(self, place: int, limits: Limits) -> list[Finding]:
        """What each signal says on the day at this place among the stream's days."""
        return [self.finding(each, place, limits) for each in self.signals]

    def finding(self, signal: Signal, place: int, limits: Limits) -> Finding:
        """What one signal says on that day; what only this look would call an alarm is watched."""
        now = self._look(signal, place, limits)
        if now.state is State.ALARM and (not place or self._look(signal, place - 1, limits).state is not State.ALARM):
            return replace(now, state=State.WATCH)
        return now

    def quiet_until(self, limits: Limits, first: date = date.min) -> date | None:
        """The first day, from one on, on which a signal may call an alarm by these limits; None where none can.

        Never later than the first alarm, and mostly that day: found at once for years of days that say nothing.
        """
        days = (self.stream.days[place] for each in self.signals for place in self._may_call(each, limits))
        return min((day for day in days if day >= first), default=None)

    def _may_call(self, signal: Signal, limits: Limits) -> list[int]:
        """Every place at which the signal may call an alarm, and some others."""
        far, whats = effects(signal, self._of_reference(signal), self._windows(signal))
        large = np.flatnonzero(far >= signal.floor)
        rows = self._windows(signal)[large]
        chances = least_chances(signal, self._of_reference(signal), rows, far[large], whats[large])
        high = (self._gathered[signal.name][0] >= limits.height).any(1)
        return [*large[chances <= limits.alarm].tolist(), *np.flatnonzero(high).tolist()]

    def moved(self, first: date, last: date) -> dict[str, float]:
        """How far every signal of the layout moved in the days from `first` to `last`, by name and word."""
        there = [first <= day <= last for day in self.stream.days]
        current = self.stream.tallies[there].sum(0)
        layout = self.stream.layout
        return {
            name: change
            for each in self.signals
            for name, change in moved(each, layout.of(self.reference, each.name), layout.of(current, each.name)).items()
        }

    def effect_between(self, signal: Signal, first: date, last: date) -> float:
        """How far a signal moved in those days, less what chance alone does to so few images; 0..1."""
        there = [first <= day <= last for day in self.stream.days]
        current = self.stream.tallies[there][:, self.stream.layout.parts[signal.name]].sum(0)
        if not current.sum():
            return 0.0
        return max(
            0.0, compare(signal, self._of_reference(signal), current, 1.0).effect - CHANCE / np.sqrt(current.sum())
        )

    def _look(self, signal: Signal, place: int, limits: Limits) -> Finding:
        """The window's word or the sudden one, whichever is worse; of two as bad, the sudden: it knows when."""
        slow, sudden = self._slow(signal, place, limits), self._sudden(signal, place, limits)
        return sudden if sudden and _RANK[sudden.state] >= _RANK[slow.state] else slow

    def _slow(self, signal: Signal, place: int, limits: Limits) -> Finding:
        n = int(self._window(signal, place).sum())
        found = self._comparison(signal, place)
        if found is None:
            return Finding(signal, State.TOO_FEW, n, None, None, None)
        state = _state(found, signal, limits)
        since = None if state is State.STEADY else self._began(signal, place, limits)
        return Finding(signal, state, n, found.effect, found.chance, since, what=found.what)

    def _began(self, signal: Signal, place: int, limits: Limits) -> date:
        """Back through looks that spoke, to the first day of the earliest one's window."""
        while place and (before := self._comparison(signal, place - 1)):
            if _state(before, signal, limits) is State.STEADY:
                break
            place -= 1
        return self.stream.days[int(self._first[place])]

    def _comparison(self, signal: Signal, place: int) -> Comparison | None:
        """Of the window up to this place; None where there are too few images."""
        if (signal.name, place) not in self._compared:
            self._compared[signal.name, place] = self._compare(signal, place)
        return self._compared[signal.name, place]

    def _compare(self, signal: Signal, place: int) -> Comparison | None:
        current, reference = self._window(signal, place), self._of_reference(signal)
        if min(current.sum(), reference.sum()) < ENOUGH:
            return None
        return compare(signal, reference, current, WATCH_SHARE * signal.floor)

    def _sudden(self, signal: Signal, place: int, limits: Limits) -> Finding | None:
        """What the strongest bet has gathered, of those that have enough to speak and a change that matters."""
        heights, starts = (found[place] for found in self._gathered[signal.name])
        reference = self._of_reference(signal)
        speak = np.flatnonzero(heights >= limits.watch_height)
        if not len(speak) or reference.sum() < ENOUGH:
            return None
        rows = self._between(signal, starts[speak], place)
        far, whats = effects(signal, reference, rows)
        large = np.flatnonzero((far >= signal.floor) & (rows.sum(1) >= A_FEW))
        if not len(large):
            return None
        best = max(large, key=lambda number: float(heights[speak[number]]))
        height, n, since = float(heights[speak[best]]), int(rows[best].sum()), self.stream.days[starts[speak[best]]]
        state = State.ALARM if height >= limits.height else State.WATCH
        return Finding(signal, state, n, float(far[best]), float(np.exp(-height)), since, True, str(whats[best]))

    def _windows(self, signal: Signal) -> Counts:
        """The window up to each day: days x bins + 1."""
        part = self.stream.layout.parts[signal.name]
        return self._sums[1:, part] - self._sums[self._first, part]

    def _window(self, signal: Signal, place: int) -> Counts:
        return self._between(signal, int(self._first[place]), place)

    def _all_evidence(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Of every signal what its bets have gathered after each day, and since when: one walk through the days."""
        if not self.signals:
            return {}
        steps = [self._daily(each) @ self._bets[each.name].T for each in self.signals]
        ends = np.cumsum([step.shape[1] for step in steps])[:-1]
        gathered = zip(*(np.split(found, ends, axis=1) for found in evidence(np.hstack(steps))), strict=True)
        return {each.name: found for each, found in zip(self.signals, gathered, strict=True)}

    def _of_reference(self, signal: Signal) -> Counts:
        return self.stream.layout.of(self.reference, signal.name)

    def _daily(self, signal: Signal) -> Counts:
        return self.stream.tallies[:, self.stream.layout.parts[signal.name]]

    def _between(self, signal: Signal, first: int | NDArray[np.int64], last: int) -> Counts:
        part = self.stream.layout.parts[signal.name]
        return self._sums[last + 1, part] - self._sums[first, part]


def _state(found: Comparison, signal: Signal, limits: Limits) -> State:
    if found.effect >= signal.floor and found.chance <= limits.alarm:
        return State.ALARM
    if found.effect >= WATCH_SHARE * signal.floor and found.chance <= limits.watch:
        return State.WATCH
    return State.STEADY


def images_a_year(stream: Stream, place: int) -> float:
    """At the pace of the last four weeks up to this place."""
    first = bisect_right(stream.days, stream.days[place] - timedelta(WINDOW_DAYS))
    part = stream.layout.parts[stream.layout.signals[0].name]
    return float(stream.tallies[first : place + 1, part].sum()) * 365 / WINDOW_DAYS
