"""What is watched in a home: streams of images from the counts of days, beside the references that stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlite_utils import Database

from cxr_core.drift.catalogue import About
from cxr_core.drift.grid import Counts
from cxr_core.drift.sight import SITE, Scope, Sight, Watched, known, stream_of
from cxr_core.drift.tally import OPINION_LAYOUT, PICTURE_LAYOUT, Layout
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
class Row:
    """Counts of a day that share where they come from."""

    day: date
    device: str
    view: str
    counts: Counts

    def is_of(self, scope: Scope) -> bool:
        """Whether they belong to it."""
        return scope == SITE or getattr(self, scope.kind) == scope.name


@dataclass(frozen=True)
class Seen:
    """All that is known of a home's images up to a day."""

    model: str
    reference: Reference
    frozen: Frozen | None
    released: date
    """When the model was put to use."""
    pictures: list[Row]
    opinions: list[Row]
    sight: Sight

    def stream(self, layout: Layout, scope: Scope = SITE) -> Stream:
        """What came in (PICTURE_LAYOUT), or what the model said of it."""
        return _stream(layout, self.pictures if layout is PICTURE_LAYOUT else self.opinions, scope)


def seen(db: Database, today: date, modes: Collection[str] = tuple(Mode), version: str | None = None) -> Seen:
    """Up to `today`, opinions of images read in these modes, of the running model or of a version in use by then.

    Raises BadInput if that has no reference, NotFound if it wasn't in use.

    The site's reference holds opinions on images of all modes: whoever may not know of all isn't shown them beside it.
    """
    model, reference = _of_version(db, version or models.running(db) or "")
    first, last = (today - timedelta(days=REMEMBERED_DAYS)).isoformat(), today.isoformat()
    pictures = _rows(PICTURE_LAYOUT, tallies.between(db, PICTURES, first, last, tuple(Mode)))
    opinions = _rows(OPINION_LAYOUT, tallies.between(db, model, first, last, modes))
    frozen = site_references.current(db)
    end = (today + timedelta(days=1)).isoformat() if version else None
    released = date.fromisoformat(models.put_to_use_at(db, model, end)[:10])
    watched = [*_beside_the_models(pictures, opinions, reference, released)]
    if frozen:
        known = opinions if set(modes) == set(Mode) else []
        watched += _beside_the_sites(pictures, known, frozen, model, site_references.parts(db, frozen.id))
    return Seen(model, reference, frozen, released, pictures, opinions, Sight(watched))


def _of_version(db: Database, model: str) -> tuple[str, Reference]:
    reference = references.of_card(models.card(db, model))
    if reference is None:
        raise BadInput(f"the card of {model} has no reference that this version reads: put another to use, or retrain")
    return model, reference


def _rows(layout: Layout, found: Iterable[tuple[str, str, str, str, int, bytes]]) -> list[Row]:
    return [
        Row(date.fromisoformat(day), device, view, layout.from_bytes(counts))
        for day, device, _, view, _, counts in found
    ]


def _stream(layout: Layout, rows: Iterable[Row], scope: Scope, first: date = date.min) -> Stream:
    return stream_of(layout, ((row.day, row.counts) for row in rows if row.day >= first and row.is_of(scope)))


def _beside_the_models(
    pictures: Sequence[Row], opinions: Sequence[Row], reference: Reference, first: date
) -> Iterator[Watched]:
    """All of the site since the model is in use: its reference knows nothing of devices."""
    for layout, rows, counts in (
        (PICTURE_LAYOUT, pictures, reference.pictures), (OPINION_LAYOUT, opinions, reference.opinions),
    ):  # fmt: skip
        trace = Trace(_stream(layout, rows, SITE, first), counts, known(layout, counts))
        yield Watched(SITE, MODELS_OWN, trace)


def _beside_the_sites(
    pictures: Sequence[Row], opinions: Sequence[Row], frozen: Frozen, model: str, parts: Sequence[Part]
) -> Iterator[Watched]:
    """The site, and each device and view by itself, since the day after the last X-ray of the reference."""
    first = date.fromisoformat(frozen.last_at[:10]) + timedelta(days=1)
    for layout, rows, of in ((PICTURE_LAYOUT, pictures, PICTURES), (OPINION_LAYOUT, opinions, model)):
        own = [part for part in parts if part.model == of]
        for scope in _scopes(own):
            counts = _added(layout, (part for part in own if scope == SITE or getattr(part, scope.kind) == scope.name))
            signals = [each for each in known(layout, counts) if scope == SITE or each.about is not About.HEADER]
            yield Watched(scope, SITES_OWN, Trace(_stream(layout, rows, scope, first), counts, signals))


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
