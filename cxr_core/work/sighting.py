"""What is watched in a home: streams of images from the counts of days, beside the references that stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlite_utils import Database

from cxr_core.drift.catalogue import KNOWN, NEVER_SEEN, About
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import SITE, Days, Scope, Sight, Watched, known
from cxr_core.drift.tally import OPINION_LAYOUT, ORIGIN_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.drift.trace import Stream, Trace
from cxr_core.errors import BadInput
from cxr_core.records import Mode
from cxr_core.store import models, site_references, tallies
from cxr_core.store.site_references import Frozen, Part
from cxr_core.store.tallies import PICTURES
from cxr_core.work import references
from cxr_core.work.references import Reference

REMEMBERED_DAYS = 400
"""How far back counts are looked at."""
FEWEST = 50
"""Images of a device or view in the site's reference below which it isn't watched by itself."""
MODELS_OWN, SITES_OWN = "model", "site"
"""The two references."""


@dataclass(frozen=True)
class Seen:
    """All that is known of a home's images up to a day."""

    model: str
    reference: Reference
    frozen: Frozen | None
    released: date
    """When the model was put to use."""
    pictures: Days
    opinions: Days
    sight: Sight

    def stream(self, layout: Layout) -> Stream:
        """What came in (PICTURE_LAYOUT), or what the model said of it, at the whole site."""
        return (self.pictures if layout is PICTURE_LAYOUT else self.opinions).stream()


def seen(db: Database, today: date, modes: Collection[str] = tuple(Mode)) -> Seen:
    """Up to `today`, opinions of images read in these modes. Raises BadInput if the running model has no reference.

    The site's reference holds opinions on images of all modes: whoever may not know of all isn't shown them beside it.
    """
    model, reference = _running(db)
    span = today - timedelta(days=REMEMBERED_DAYS), today
    frozen = site_references.current(db)
    parts = site_references.parts(db, frozen.id) if frozen else []
    own, said = ([part for part in parts if part.model == of] for of in (PICTURES, model))
    if set(modes) != set(Mode):
        said = []
    pictures = _days(db, PICTURE_LAYOUT, PICTURES, span, None, _scopes(own))
    opinions = _days(db, OPINION_LAYOUT, model, span, modes, _scopes(said))
    released = date.fromisoformat(models.put_to_use_at(db, model)[:10])
    watched = [*_beside_the_models(pictures, opinions, reference, released)]
    if frozen:
        since = date.fromisoformat(frozen.last_at[:10]) + timedelta(days=1)
        watched += [*_beside_the_sites(PICTURE_LAYOUT, pictures, own, since), *_origins(db, span, own, since)]
        watched += _beside_the_sites(OPINION_LAYOUT, opinions, said, since)
    return Seen(model, reference, frozen, released, pictures, opinions, Sight(watched))


def _running(db: Database) -> tuple[str, Reference]:
    model = models.running(db) or ""
    reference = references.of_card(models.card(db, model))
    if reference is None:
        raise BadInput(f"the card of {model} has no reference that this version reads: put another to use, or retrain")
    return model, reference


def _days(
    db: Database, layout: Layout, model: str, span: tuple[date, date], modes: Collection[str] | None,
    scopes: Iterable[Scope],
) -> Days:  # fmt: skip
    found = Days(layout, *span, {SITE, *scopes})
    for day, device, view, images, counts in tallies.between(db, model, str(span[0]), str(span[1]), modes):
        found.add(date.fromisoformat(day), device, view, images, layout.from_bytes(counts))
    return found


def _beside_the_models(pictures: Days, opinions: Days, reference: Reference, since: date) -> Iterator[Watched]:
    """All of the site since the model is in use: its reference knows nothing of devices."""
    for layout, days, counts in (
        (PICTURE_LAYOUT, pictures, reference.pictures), (OPINION_LAYOUT, opinions, reference.opinions),
    ):  # fmt: skip
        yield Watched(SITE, MODELS_OWN, Trace(days.stream(SITE, since), counts, known(layout, counts)))


def _beside_the_sites(layout: Layout, days: Days, parts: Sequence[Part], since: date) -> Iterator[Watched]:
    """The site, and each device and view by itself, since the day after the last X-ray of the reference."""
    for scope in _scopes(parts):
        counts = _added(layout, (part for part in parts if scope == SITE or getattr(part, scope.kind) == scope.name))
        signals = [each for each in known(layout, counts) if scope == SITE or each.about is not About.HEADER]
        yield Watched(scope, SITES_OWN, Trace(days.stream(scope, since), counts, signals))


def _origins(db: Database, span: tuple[date, date], parts: Sequence[Part], since: date) -> Iterator[Watched]:
    """Where the site's X-rays come from, by what the header says: from what its reference knows, or from elsewhere."""
    devices, equipment = ({getattr(part, name) for part in parts} for name in ("device", "equipment"))

    @cache
    def one(device: str, make: str) -> Counts:
        return ORIGIN_LAYOUT.count([{"station": _said(device, devices), "equipment": _said(make, equipment)}])

    reference = sum((part.images * one(part.device, part.equipment) for part in parts), ORIGIN_LAYOUT.nothing())
    found = Days(ORIGIN_LAYOUT, *span)
    for day, device, make, images in tallies.origins(db, str(span[0]), str(span[1])):
        found.add(date.fromisoformat(day), device, "", images, images * one(device, make))
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
