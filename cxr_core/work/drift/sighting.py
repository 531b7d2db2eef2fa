"""What is watched in a home: streams of images from the counts of days, beside the references that stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from sqlite_utils import Database

from cxr_core.drift.catalogue import KNOWN, NEVER_SEEN, About
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import SITE, Days, Scope, Sight, Watched, known
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, ORIGIN_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.drift.trace import WINDOW_DAYS, Stream, Trace
from cxr_core.errors import BadInput
from cxr_core.records import Mode
from cxr_core.store import models, site_references, tallies
from cxr_core.store.site_references import Frozen, Part
from cxr_core.store.tallies import PICTURES, readers_of
from cxr_core.work.drift import references
from cxr_core.work.drift.references import Reference

REMEMBERED_DAYS = 400
"""How far back counts are looked at, at most."""
USUALLY_DAYS = 5 * WINDOW_DAYS
"""The same where no more are shown: evidence that is older changes no word."""
FEWEST = 50
"""Images of a device or view in the site's reference below which it isn't watched by itself."""
LAYOUTS = (PICTURE_LAYOUT, OPINION_LAYOUT, JUDGEMENT_LAYOUT)
"""What came in, what the model said of it, what readers made of that."""
ENOUGH_TO_EXPLAIN = 0.9
"""Of a change: the rest may be chance."""
MODELS_OWN, SITES_OWN = "model", "site"
"""The two references."""


@dataclass(frozen=True)
class Span:
    """Days, both included."""

    first: date
    last: date


class Arrival(NamedTuple):
    """X-rays of a day from one device, as the header names it and its equipment; empty where it doesn't."""

    day: date
    device: str
    equipment: str
    images: int


class Source(NamedTuple):
    """Where a layout's counts are to be found."""

    model: str
    """As in tallies."""
    modes: Collection[str] | None
    """Of images that are read in one of these, or of all."""
    parts: list[Part]
    """Of the site's reference."""


@dataclass(frozen=True)
class Seen:
    """All that is known of a home's images up to a day."""

    model: str
    reference: Reference
    frozen: Frozen | None
    released: date
    """When the model was put to use."""
    days: Mapping[Layout, Days]
    """Of each of LAYOUTS."""
    sight: Sight
    came: Sequence[Arrival] = ()
    """From where."""
    devices: Collection[str] = ()
    """Those that the site's reference knows."""

    def newcomer(self, effect: float, first: date, last: date) -> Scope | None:
        """The one device that the site's reference doesn't know, if it sent enough in those days to explain a change.

        Of images of which a share comes from elsewhere, no signal can move by more than that share.
        """
        sent: Counter[str] = Counter()
        for day, device, _, images in self.came:
            sent[device] += images * (first <= day <= last)
        new = [device for device, images in sent.items() if device and images and device not in self.devices]
        if not self.frozen or len(new) != 1 or sent[new[0]] < ENOUGH_TO_EXPLAIN * effect * sent.total():
            return None
        return Scope("device", new[0])

    def stream(self, layout: Layout, scope: Scope = SITE) -> Stream:
        """Of the site, of a place that was asked for, or of one that is watched."""
        return self.days[layout].stream(scope)


def seen(
    db: Database, today: date, modes: Collection[str] = tuple(Mode), version: str | None = None, place: Scope = SITE,
    days_shown: int = REMEMBERED_DAYS - WINDOW_DAYS,
) -> Seen:  # fmt: skip
    """Up to `today`, opinions of images read in these modes, of the running model or of a version in use by then.

    The streams of `place` can be asked for, whether it is watched or not. Raises BadInput if the version has no
    reference, NotFound if it wasn't in use. The site's reference holds opinions on images of all modes, and reads tell
    of them: whoever may not know of all isn't shown opinions beside it, nor reads.
    """
    model = version or models.running(db) or ""
    reference = _reference(db, model)
    frozen = site_references.current(db, today.isoformat())
    sources = _sources(db, model, frozen, modes)
    span = Span(today - timedelta(days=max(days_shown + WINDOW_DAYS, USUALLY_DAYS)), today)
    days = {layout: _days(db, layout, source, span, place) for layout, source in sources.items()}
    released = _released(db, model, today if version else None)
    came, own = _came(db, span), sources[PICTURE_LAYOUT].parts
    watched = [*_beside_the_models(days, reference, released)]
    if frozen:
        since = date.fromisoformat(frozen.last_at[:10]) + timedelta(days=1)
        watched += [*_beside_the_sites(days, sources, since), *_origins(came, span, own, since)]
    devices = frozenset(part.device for part in own)
    return Seen(model, reference, frozen, released, days, Sight(watched), came, devices)


def _reference(db: Database, model: str) -> Reference:
    found = references.of_card(models.card(db, model))
    if found is None:
        raise BadInput(f"the card of {model} has no reference that this version reads: put another to use, or retrain")
    return found


def _sources(db: Database, model: str, frozen: Frozen | None, modes: Collection[str]) -> dict[Layout, Source]:
    """Of each of LAYOUTS, what somebody may know who may know of these modes."""
    knows_all = set(modes) == set(Mode)
    kept = site_references.parts(db, frozen.id) if frozen else []
    said = kept if knows_all else []
    return {
        PICTURE_LAYOUT: _source(PICTURES, None, kept),
        OPINION_LAYOUT: _source(model, modes, said),
        JUDGEMENT_LAYOUT: _source(readers_of(model), modes if knows_all else (), said),
    }


def _source(model: str, modes: Collection[str] | None, parts: Iterable[Part]) -> Source:
    return Source(model, modes, [part for part in parts if part.model == model])


def _days(db: Database, layout: Layout, source: Source, span: Span, place: Scope) -> Days:
    """Of the site, of a place, and of those that are watched."""
    found = Days(layout, span.first, span.last, {SITE, place, *_scopes(source.parts)})
    rows = tallies.between(db, source.model, str(span.first), str(span.last), source.modes)
    for day, device, view, images, counts in rows:
        found.add(date.fromisoformat(day), device, view, images, layout.from_bytes(counts))
    return found


def _released(db: Database, model: str, by: date | None) -> date:
    """When a model was put to use, for the last time up to the end of a day. Raises NotFound if it wasn't."""
    end = (by + timedelta(days=1)).isoformat() if by else None
    return date.fromisoformat(models.put_to_use_at(db, model, end)[:10])


def _came(db: Database, span: Span) -> list[Arrival]:
    rows = tallies.origins(db, str(span.first), str(span.last))
    return [Arrival(date.fromisoformat(day), device, equipment, images) for day, device, equipment, images in rows]


def _beside_the_models(days: Mapping[Layout, Days], reference: Reference, since: date) -> Iterator[Watched]:
    """All of the site since the model is in use: its reference knows nothing of devices."""
    for layout in LAYOUTS:
        counts = reference.of(layout)
        yield Watched(SITE, MODELS_OWN, Trace(days[layout].stream(SITE, since), counts, known(layout, counts)))


def _beside_the_sites(days: Mapping[Layout, Days], sources: Mapping[Layout, Source], since: date) -> Iterator[Watched]:
    """The site, and each device and view by itself, since the day after the last X-ray of the reference."""
    for layout, source in sources.items():
        for scope in _scopes(source.parts):
            own = (part for part in source.parts if scope == SITE or getattr(part, scope.kind) == scope.name)
            counts = _added(layout, own)
            signals = [each for each in known(layout, counts) if scope == SITE or each.about is not About.HEADER]
            yield Watched(scope, SITES_OWN, Trace(days[layout].stream(scope, since), counts, signals))


def _origins(came: Iterable[Arrival], span: Span, parts: Sequence[Part], since: date) -> Iterator[Watched]:
    """Where the site's X-rays come from, by what the header says: from what its reference knows, or from elsewhere."""
    devices, equipment = ({getattr(part, name) for part in parts} for name in ("device", "equipment"))

    @cache
    def one(device: str, make: str) -> Counts:
        return ORIGIN_LAYOUT.count([{"station": _said(device, devices), "equipment": _said(make, equipment)}])

    reference = sum((part.images * one(part.device, part.equipment) for part in parts), ORIGIN_LAYOUT.nothing())
    found = Days(ORIGIN_LAYOUT, span.first, span.last)
    for day, device, make, images in came:
        found.add(day, device, "", images, images * one(device, make))
    if signals := known(ORIGIN_LAYOUT, reference):
        yield Watched(SITE, SITES_OWN, Trace(found.stream(SITE, since), reference, signals))


def _said(name: str, those_known: Collection[str]) -> str | None:
    """Of a name in a header, which is empty where there is none."""
    return (KNOWN if name in those_known else NEVER_SEEN) if name else None


def _scopes(parts: Sequence[Part]) -> list[Scope]:
    """The site, and what has images enough in the reference."""
    found = [SITE] if parts else []
    for kind in ("device", "view"):
        images: dict[str, int] = {}
        for part in parts:
            name = getattr(part, kind)
            images[name] = images.get(name, 0) + part.images
        enough = sorted(name for name, number in images.items() if name and number >= FEWEST)
        found += [Scope(kind, name) for name in enough] if len(images) > 1 else []
    return found


def _added(layout: Layout, parts: Iterable[Part]) -> Counts:
    total = layout.nothing()
    for part in parts:
        total = total + layout.from_bytes(part.counts)
    return total
