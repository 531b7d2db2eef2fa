"""The program watching a simulated stream: its own sight, looks, places, guesses and alarms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlite_utils import Database

from bench.drift_streams import DEVICES, LAYOUTS, Came
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import SITE, Scope, Sight, Watched, known
from cxr_core.drift.tally import Layout
from cxr_core.drift.trace import State, Stream, Trace
from cxr_core.model import release
from cxr_core.store import alarms
from cxr_core.store.alarms import Alarm
from cxr_core.store.db import opened
from cxr_core.store.site_references import Frozen
from cxr_core.work.drift import alarming
from cxr_core.work.drift.references import Reference
from cxr_core.work.drift.sighting import FEWEST, MODELS_OWN, SITES_OWN, Seen


@dataclass(frozen=True)
class Heard:
    """What a stream made the program say."""

    alarms: list[Alarm]
    """In the order in which they were opened."""
    crying: int
    """Days on which any signal called an alarm."""
    comparisons: int
    """Signals, places and references that were compared each day."""
    detectors: int
    """Bets on sudden change."""


def sight_of(came: Came, reference: Reference) -> Sight:
    """The site beside the model's reference; it and each device with images enough beside the site's own."""
    watched = []
    for layout, own, tallies, models in zip(
        LAYOUTS, came.reference, came.tallies, (reference.pictures, reference.opinions), strict=True
    ):
        all_of_it = tallies.sum(0)
        watched.append(Watched(SITE, MODELS_OWN, _trace(layout, came.days, all_of_it, models)))
        watched.append(Watched(SITE, SITES_OWN, _trace(layout, came.days, all_of_it, own.sum(0))))
        watched += [
            Watched(Scope("device", str(number)), SITES_OWN, _trace(layout, came.days, tallies[number], own[number]))
            for number in range(DEVICES)
            if _images(layout, own[number]) >= FEWEST
        ]
    return Sight(watched)


def listen(home: Path, came: Came, reference: Reference, until: date | None = None) -> Heard:
    """Look at each day as the program does in `home`; with `until`, no further than to the first alarm from then on."""
    sight, crying = sight_of(came, reference), 0
    found = _seen(sight, reference, came)
    with _copied(home) as db:
        first = sight.quiet_until(sight.days)
        for day in (day for day in sight.days if first and day >= first):
            said = sight.on(day)
            crying += any(each.finding.state is State.ALARM for each in said)
            if alarming.look_at(db, found, said, day) and until and day >= until:
                break
        opened_in_order = sorted(alarms.open_alarms(db), key=lambda alarm: alarm.id)
    return Heard(opened_in_order, crying, sight.comparisons, sight.detectors)


def _trace(layout: Layout, days: list[date], tallies: Counts, reference: Counts) -> Trace:
    there = tallies.any(1)
    stream = Stream(layout, [day for day, came in zip(days, there, strict=True) if came], tallies[there])
    return Trace(stream, reference, known(layout, reference))


def _images(layout: Layout, counts: Counts) -> int:
    return max(int(layout.of(counts, signal.name).sum()) for signal in layout.signals)


def _seen(sight: Sight, reference: Reference, came: Came) -> Seen:
    before = (came.days[0] - timedelta(1)).isoformat()
    model = release.card()["name"]
    frozen = Frozen(1, before, "bench", "a simulation", model, 0, before, before)
    return Seen(model, reference, frozen, came.days[0], {}, sight)


@contextmanager
def _copied(home: Path) -> Iterator[Database]:
    """A home's database in memory, to be written to and forgotten."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with opened(home) as db:
            db.conn.backup(connection)
        yield Database(connection)
    finally:
        connection.close()
