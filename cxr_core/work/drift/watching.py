"""What the drift page shows: what came in and what the model said of it, beside the references."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.drift.agreement import Agreement, weekly_agreement
from cxr_core.drift.audited import audited
from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.distribution import Distribution, distributions
from cxr_core.drift.expected import Performance, expected
from cxr_core.drift.grid import Counts
from cxr_core.drift.lines import Line, lines
from cxr_core.drift.sight import SITE, Said, Scope
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, Layout
from cxr_core.drift.trace import WINDOW_DAYS, Stream
from cxr_core.drift.weeks import monday
from cxr_core.errors import BadInput
from cxr_core.records import User
from cxr_core.store import alarms, models, tallies
from cxr_core.store.alarms import Span
from cxr_core.store.db import opened
from cxr_core.work.drift import monitoring, sighting, slicing
from cxr_core.work.drift.monitoring import Release
from cxr_core.work.drift.sighting import LAYOUTS, MODELS_OWN, REMEMBERED_DAYS, SITES_OWN, Seen
from cxr_core.work.drift.slicing import Slices
from cxr_core.work.guarding import OVERSIGHT, READING_ROOM, open_to
from cxr_core.work.reading_room import revealing

LONGEST_DAYS = REMEMBERED_DAYS - WINDOW_DAYS


@dataclass(frozen=True)
class View:
    """What is looked at: which days, of which version, from where."""

    days: int
    """So many, up to `until`."""
    until: date | None = None
    """The last day; None for today."""
    model: str | None = None
    """The version; None for the one that was in use at the end."""
    device: str | None = None
    """The pseudonym; None for all of the site."""

    def __post_init__(self) -> None:
        if not 1 <= self.days <= LONGEST_DAYS:
            raise BadInput(f"{self.days} days can't be looked at: 1 to {LONGEST_DAYS} can")
        if self.until and not clock.EARLIEST <= self.until <= clock.now().date():
            raise BadInput(f"{self.until} can't be looked at: it lies in the future, or before anything came in")

    @property
    def scope(self) -> Scope:
        """The same as a scope."""
        return Scope("device", self.device) if self.device else SITE


@dataclass(frozen=True)
class Watch:
    """What the drift page shows."""

    model: str
    since: date
    until: date
    """The days shown: after the first, up to the last."""
    scope: Scope
    """Whose X-rays: all of the site's, or a device's."""
    now: list[Said]
    """What each signal says on the last day, beside each reference and of each place."""
    weeks: dict[date, list[Said]]
    """What those of the place that is looked at said at the end of each week, by its Monday."""
    images: dict[date, int]
    """How many came in in each week."""
    lines: list[Line]
    distributions: list[Distribution]
    """Of the last four weeks, beside the references."""
    slices: list[Slices]
    """The same weeks by device, and by view; empty where one is looked at alone."""
    expected: Performance
    """What to expect of the model's answers of all days shown, from its probabilities alone."""
    audited: Performance
    """How right they were, by readers who hadn't seen them; empty for who may not know of all."""
    agreement: list[Agreement]
    """How often readers agreed, by week and model version; of all devices."""
    releases: list[Release]
    """When another model was put to use, within the time shown."""
    alarms: list[Span]
    """When alarms spoke, by signal; for admins alone."""


@open_to(*READING_ROOM)
def versions(home: Path, user: User) -> list[str]:
    """The versions of which opinions are counted, newest first."""
    with opened(home) as db:
        return tallies.versions(db)


@open_to(*READING_ROOM)
def watch(home: Path, user: User, view: View) -> Watch:
    """The days of `view` beside the references.

    Raises BadInput if the version's card has none, or if it wasn't in use yet, NotFound for no such version.
    """
    until = view.until or clock.now().date()
    since, lately = (until - timedelta(days=days) for days in (view.days, WINDOW_DAYS))
    with opened(home) as db:
        modes = revealing.modes_counted(db, user)
        found = sighting.seen(db, until, modes, _version(db, view.model, until), view.scope, view.days)
        threshold = float(models.card(db, found.model)["calibration"]["threshold"])
        slices = slicing.sliced(db, found, until, modes) if view.scope == SITE else []
        spans = alarms.spans(db, since.isoformat()) if user.role in OVERSIGHT else []
    pictures, said, judged = (found.stream(layout, view.scope) for layout in LAYOUTS)
    ends = {monday(day): day for day in pictures.days if day > since}
    beside = [(stream, _references(found, stream.layout, view.scope)) for stream in (pictures, said, judged)]
    return Watch(
        found.model, since, until, view.scope,
        found.sight.on(until),
        {week: found.sight.on(day, view.scope) for week, day in ends.items()},
        _weekly_images(pictures, since),
        [line for stream, counts in beside for line in lines(stream, counts, since)],
        [each for stream, counts in beside for each in distributions(stream.layout, _since(stream, lately), counts)],
        slices,
        _expected(_since(said, since), threshold),
        _audited(_since(judged, since), threshold),
        _agreement(home, user, since, until),
        [release for release in monitoring.releases(home, user) if since <= release.at.date() <= until],
        [span for span in spans if _concerns(span, view.scope) and span.first <= until],
    )  # fmt: skip


def _version(db: Database, asked: str | None, until: date) -> str | None:
    """The version that was asked for, or was in use at the end of a day; None where none was."""
    by_then = [row for row in models.decisions(db) if row["decided_at"][:10] <= until.isoformat()]
    used = [row["model"] for row in by_then if row["action"] in models.PUT_TO_USE]
    if asked and models.card(db, asked) and asked not in used:
        raise BadInput(f"{asked} wasn't in use yet on {until}: choose a later end, or another version")
    return asked or (used[-1] if used else None)


def _references(found: Seen, layout: Layout, scope: Scope) -> dict[str, Counts]:
    """By their names: the model's own, and the site's of the same place where that is watched; the closer one first."""
    sites = {
        each.beside: each.trace.reference
        for each in found.sight.watched
        if each.beside == SITES_OWN and each.scope == scope and each.trace.stream.layout is layout
    }
    own = found.reference.of(layout)
    return {MODELS_OWN: own, **sites} if scope == SITE else {**sites, MODELS_OWN: own}


def _weekly_images(pictures: Stream, since: date) -> dict[date, int]:
    part = pictures.layout.parts[pictures.layout.signals[0].name]
    found: dict[date, int] = {}
    for day, counts in zip(pictures.days, pictures.tallies, strict=True):
        if day > since:
            found[monday(day)] = found.get(monday(day), 0) + int(counts[part].sum())
    return found


def _since(stream: Stream, since: date) -> Counts:
    """All after a day."""
    found: Counts = stream.tallies[[day > since for day in stream.days]].sum(0)
    return found


def _expected(said: Counts, threshold: float) -> Performance:
    probability = SIGNALS["probability"]
    assert probability.grid
    return expected(probability.grid, OPINION_LAYOUT.of(said, probability.name)[:-1], threshold)


def _audited(judged: Counts, threshold: float) -> Performance:
    left_over = SIGNALS["left over"]
    assert left_over.grid
    return audited(left_over.grid, JUDGEMENT_LAYOUT.of(judged, left_over.name)[:-1], threshold)


def _agreement(home: Path, user: User, since: date, until: date) -> list[Agreement]:
    days = (clock.now().date() - since).days
    return weekly_agreement(row for row in monitoring.agreement(home, user, days) if since < row.day <= until)


def _concerns(span: Span, scope: Scope) -> bool:
    return scope == SITE or span.scope in (str(SITE), str(scope))
