"""Each device and each view by itself, and whether the whole moved because they did or because their mix did."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlite_utils import Database

from cxr_core.drift.grid import Counts
from cxr_core.drift.mix import Change, Share, change
from cxr_core.drift.sight import Scope
from cxr_core.drift.slices import Slice, positives, slice_of
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.drift.trace import WINDOW_DAYS
from cxr_core.records import Mode
from cxr_core.store import site_references, tallies
from cxr_core.store.tallies import PICTURES
from cxr_core.work.drift.sighting import Seen

KINDS = ("device", "view")
Places = dict[str, Counts]
"""Tallies by a device's or view's name; empty where the header doesn't say."""
Corners = dict[tuple[str, str], Counts]
"""Tallies by both."""
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Slices:
    """The devices, or the views, of the last four weeks."""

    kind: str
    before: str
    """What is compared with, in words."""
    parts: list[Slice]
    """The largest first; a place from which something came in."""
    change: Change
    """Of the share of Pneumonia among the X-rays that were judged."""


def sliced(db: Database, found: Seen, until: date, modes: Collection[str]) -> list[Slices]:
    """By device and by view, opinions of images read in these modes.

    Beside the site's reference, where it stands, holds opinions of the same version, and who looks may know of all
    modes; else beside the four weeks before.
    """
    pictures = _of_weeks(db, PICTURE_LAYOUT, PICTURES, until, None)
    said = _of_weeks(db, OPINION_LAYOUT, found.model, until, modes)
    words, before = "the site's reference", _frozen(db, found, until) if set(modes) == set(Mode) else {}
    if not before:
        earlier = until - timedelta(days=WINDOW_DAYS)
        words, before = "the four weeks before", _of_weeks(db, OPINION_LAYOUT, found.model, earlier, modes)
    return [_slices(kind, words, *(_by(kind, each) for each in (pictures, said, before))) for kind in KINDS]


def _slices(kind: str, words: str, pictures: Places, said: Places, before: Places) -> Slices:
    nothing = OPINION_LAYOUT.nothing()
    parts = [
        slice_of(Scope(kind, name), counts, said.get(name, nothing), before.get(name))
        for name, counts in pictures.items()
    ]
    ranked = sorted(parts, key=lambda part: (-part.n, part.scope.name))
    return Slices(kind, words, ranked, change(_shares(before), _shares(said)))


def _shares(places: Mapping[str, Counts]) -> dict[str, Share]:
    return {name: positives(counts) for name, counts in places.items()}


def _of_weeks(db: Database, layout: Layout, model: str, until: date, modes: Collection[str] | None) -> Corners:
    """Of the four weeks up to a day."""
    first = until - timedelta(days=WINDOW_DAYS - 1)
    rows = tallies.between(db, model, first.isoformat(), until.isoformat(), modes)
    return _added(((device, view), layout.from_bytes(counts)) for _, device, view, _, counts in rows)


def _frozen(db: Database, found: Seen, until: date) -> Corners:
    """Of the site's reference; nothing where it is newer than the day, or of another version's opinions."""
    if not found.frozen or found.frozen.last_at[:10] > until.isoformat():
        return {}
    parts = (part for part in site_references.parts(db, found.frozen.id) if part.model == found.model)
    return _added(((part.device, part.view), OPINION_LAYOUT.from_bytes(part.counts)) for part in parts)


def _by(kind: str, corners: Corners) -> Places:
    place = KINDS.index(kind)
    return _added((corner[place], counts) for corner, counts in corners.items())


def _added(found: Iterable[tuple[Name, Counts]]) -> dict[Name, Counts]:
    total: dict[Name, Counts] = {}
    for name, counts in found:
        total[name] = total[name] + counts if name in total else counts
    return total
