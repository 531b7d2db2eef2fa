"""What a model version's X-rays were like when it was made: counts and axes on its card, and no picture of anybody."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from sqlite_utils import Database

from cxr_core.drift import plane
from cxr_core.drift.catalogue import AXES
from cxr_core.drift.grid import Counts
from cxr_core.drift.tally import JUDGEMENT_LAYOUT, OPINION_LAYOUT, PICTURE_LAYOUT, Layout
from cxr_core.errors import BadInput
from cxr_core.model import axes, release
from cxr_core.model.axes import Axes
from cxr_core.records import Label, Opinion
from cxr_core.store import models
from cxr_core.work.drift import judging, rolling
from cxr_core.work.drift.rolling import Signals

FEWEST = 3 * AXES
"""Opinions below which the network's view has no axes."""
Said = tuple[Opinion | None, list[str]]
"""An opinion, or what kept the model from one."""


@dataclass(frozen=True)
class Reference:
    """The model's own: all X-rays of patients kept from its training."""

    pictures: Counts
    opinions: Counts
    axes: Axes | None
    """None where there were too few opinions."""
    map: Counts | None = None
    """How many lie where on the plane of the first two axes (drift.plane); None without axes, or on older cards."""
    judgements: Counts = field(default_factory=JUDGEMENT_LAYOUT.nothing)
    """What the model said of those that are ill, and that aren't; empty on cards of earlier versions."""

    def of(self, layout: Layout) -> Counts:
        """The counts by a layout."""
        kept = {PICTURE_LAYOUT: self.pictures, OPINION_LAYOUT: self.opinions, JUDGEMENT_LAYOUT: self.judgements}
        return kept[layout]

    def as_dict(self) -> dict[str, Any]:
        """As written on a card: only JSON's own types."""
        return {
            "pictures": _text(PICTURE_LAYOUT, self.pictures), "opinions": _text(OPINION_LAYOUT, self.opinions),
            "axes": asdict(self.axes) if self.axes else None,
            "map": None if self.map is None else _base64(plane.to_bytes(self.map)),
            "judgements": _text(JUDGEMENT_LAYOUT, self.judgements),
        }  # fmt: skip


def of_card(card: Mapping[str, Any]) -> Reference | None:
    """What `as_dict` wrote on a card; None where an earlier version wrote another kind, or none. Raises BadInput."""
    written = _written(card)
    if "opinions" not in written:
        return None
    pictures, opinions = _counts(PICTURE_LAYOUT, written["pictures"]), _counts(OPINION_LAYOUT, written["opinions"])
    drawn, judged = written.get("map"), written.get("judgements")
    found = Reference(pictures, opinions, axes_of(card), plane.from_bytes(_bytes(drawn)) if drawn else None)
    return replace(found, judgements=_counts(JUDGEMENT_LAYOUT, judged)) if judged else found


def axes_of(card: Mapping[str, Any]) -> Axes | None:
    """The axes alone."""
    written = _written(card)
    return Axes(**written["axes"]) if written.get("axes") else None


def every_axes(db: Database) -> dict[str, Axes | None]:
    """Those of every model."""
    return {row["name"]: axes_of(row["card"]) for row in models.all_models(db)}


def _written(card: Mapping[str, Any]) -> Mapping[str, Any]:
    """A card's reference; for the release's card from before there were such, what comes with the same weights now."""
    own: Mapping[str, Any] = card["reference"]
    if "judgements" in own or card["weights_sha256"] != (shipped := release.card())["weights_sha256"]:
        return own
    found: Mapping[str, Any] = shipped["reference"]
    return found


def made_of(appearance: Iterable[Mapping[str, float]], said: list[Said], labels: Iterable[Label]) -> Reference:
    """The reference of X-rays that looked so, of what the model said of them, and of what they show."""
    embeddings = [opinion.embedding for opinion, _ in said if opinion]
    seen_by = axes.fit(np.stack(embeddings), AXES) if len(embeddings) >= FEWEST else None
    rows = [rolling.of_opinion(opinion, why, seen_by) for opinion, why in said]
    drawn = plane.count(rows) if seen_by else None
    judged = (_judged(opinion, label) for (opinion, _), label in zip(said, labels, strict=True))
    return Reference(
        PICTURE_LAYOUT.count(appearance), OPINION_LAYOUT.count(rows), seen_by, drawn, JUDGEMENT_LAYOUT.count(judged)
    )


def _judged(opinion: Opinion | None, label: Label) -> Signals:
    return judging.of_finding(label, *((opinion.label, opinion.probability) if opinion else (None, None)))


def _text(layout: Layout, counts: Counts) -> str:
    return _base64(layout.to_bytes(counts))


def _counts(layout: Layout, text: str) -> Counts:
    return layout.from_bytes(_bytes(text))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadInput(f"the card's reference is damaged ({error}): bring the card back from a backup") from error
