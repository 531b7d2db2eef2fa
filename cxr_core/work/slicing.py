"""Each device and each view by itself, and whether the whole moved because they did or because their mix did."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

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
from cxr_core.work.sighting import Seen

KINDS = ("device", "view")
Places = dict[str, Counts]
"""Tallies by a device's or view's name; empty where the header doesn't say."""


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
    return [_sliced(db, found, until, modes, kind) for kind in KINDS]


def _sliced(db: Database, found: Seen, until: date, modes: Collection[str], kind: str) -> Slices:
    pictures = _places(db, PICTURE_LAYOUT, PICTURES, kind, until, tuple(Mode))
    said = _places(db, OPINION_LAYOUT, found.model, kind, until, modes)
    words, before = "the site's reference", _frozen(db, found, until, kind) if set(modes) == set(Mode) else {}
    if not before:
        earlier = until - timedelta(days=WINDOW_DAYS)
        words, before = "the four weeks before", _places(db, OPINION_LAYOUT, found.model, kind, earlier, modes)
    nothing = OPINION_LAYOUT.nothing()
    parts = [
        slice_of(Scope(kind, name), counts, said.get(name, nothing), before.get(name))
        for name, counts in pictures.items()
    ]
    ranked = sorted(parts, key=lambda part: (-part.n, part.scope.name))
    return Slices(kind, words, ranked, change(_shares(before), _shares(said)))


def _shares(places: Mapping[str, Counts]) -> dict[str, Share]:
    return {name: positives(counts) for name, counts in places.items()}


def _places(db: Database, layout: Layout, model: str, kind: str, until: date, modes: Collection[str]) -> Places:
    """Of the four weeks up to a day."""
    first = until - timedelta(days=WINDOW_DAYS - 1)
    found: Places = {}
    for _, device, _, view, _, counts in tallies.between(db, model, first.isoformat(), until.isoformat(), modes):
        _add(found, device if kind == "device" else view, layout.from_bytes(counts))
    return found


def _frozen(db: Database, found: Seen, until: date, kind: str) -> Places:
    """Of the site's reference; nothing where it is newer than the day, or of another version's opinions."""
    places: Places = {}
    if found.frozen and found.frozen.last_at[:10] <= until.isoformat():
        for part in site_references.parts(db, found.frozen.id):
            if part.model == found.model:
                _add(places, getattr(part, kind), OPINION_LAYOUT.from_bytes(part.counts))
    return places


def _add(places: Places, name: str, counts: Counts) -> None:
    places[name] = places[name] + counts if name in places else counts
