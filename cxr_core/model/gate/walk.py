"""The gate, walked through in order: three questions, each of which can refuse.

1. Is it an image that the model may judge? (`header`) What isn't, the model doesn't look at.
2. Is it of enough quality? (`quality`) What isn't gets no opinion, but is asked the third question all the same.
3. Does it look like a frontal chest X-ray at all? (`likeness`, from the forward pass that gives the opinion anyway)
   What it looks like instead is said before what its quality lacks.

What the third refuses gets a second look, turned and negative, where the first one says that it is sooner a chest X-ray
turned or negative than any stranger. What is certainly the negative of one is put right and judged, what is certainly
turned is told so, and all else is named as what it looks like most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from cxr_core.model.card import Card
from cxr_core.model.gate import header, reasons
from cxr_core.model.gate.likeness import features
from cxr_core.model.gate.objection import Objection
from cxr_core.model.gate.quality import of_shape
from cxr_core.model.predict import Model, Outputs, look, said
from cxr_core.model.preprocess import INVERTED
from cxr_core.records import Floats, Opinion, Radiograph

Answer: TypeAlias = Opinion | list[Objection]
"""An opinion, or why there is none."""
_LOOKS = ((0, True), (1, True), (2, True), (3, True), (1, False), (2, False), (3, False))
"""Quarter turns to the left, and whether as a negative: every other way to look at an image."""


@dataclass(frozen=True)
class Film:
    """An X-ray that is ready for the model, and what was found against it so far."""

    grey: Floats
    """size x size in 0..1."""
    barred: list[Objection]
    """By what the header says: the model doesn't look at it."""
    flaws: list[Objection]
    """In its quality: the model gives no opinion, but says if it looks like something else."""

    @classmethod
    def of(cls, radiograph: Radiograph, grey: Floats, appearance: Mapping[str, float], card: Card) -> Film:
        """An X-ray whose brightness measured `appearance`, and is `grey` once stretched."""
        flaws = [*of_shape(radiograph.pixels.shape), *card.gate.quality.objections(appearance)]
        return cls(grey, header.objections(radiograph, card.intended), flaws)


def judge(model: Model, films: Sequence[Film]) -> list[Answer]:
    """An answer to each film, in order, from one forward pass for all that aren't barred."""
    open_ = [film.grey for film in films if not film.barred]
    if not open_:
        return [film.barred for film in films]
    grey = np.stack(open_)
    answers = iter(answered(model, grey, look(model, grey)))
    return [film.barred or with_flaws(next(answers), film.flaws) for film in films]


def with_flaws(answer: Answer, flaws: list[Objection]) -> Answer:
    """What an image looks like comes first: a hand on a black ground is a hand, and not an underexposed chest."""
    return (flaws or answer) if isinstance(answer, Opinion) else [*answer, *flaws]


def answered(model: Model, grey: Iterable[Floats], outputs: Outputs) -> list[Answer]:
    """An answer to each of n images (n x size x size in 0..1) of which the network has said `outputs`."""
    likeness = model.card.gate.likeness
    judged = likeness.judge(features(outputs.traits, outputs.embeddings))
    return [
        opinion if admitted else _refused(model, image, dict(zip(likeness.kinds, logits, strict=True)))
        for opinion, admitted, image, logits in zip(
            said(model.card, outputs), likeness.admits(judged), grey, judged.logits, strict=True
        )
    ]


def _refused(model: Model, image: Floats, logits: dict[str, float]) -> Answer:
    """The opinion on the negative of an image that is no chest X-ray as it stands, or what it is instead."""
    seen_right = _second_look(model, image) if reasons.may_be_misplaced(logits) else None
    return seen_right or [reasons.unlike(logits)]


def _second_look(model: Model, image: Floats) -> Answer | None:
    """What an image is if it is a chest X-ray turned or negative: an opinion, or what to do; None if it is neither."""
    likeness = model.card.gate.likeness
    tried = np.stack([_changed(image, *way) for way in _LOOKS])
    outputs = look(model, tried)
    judged = likeness.judge(features(outputs.traits, outputs.embeddings))
    best = int(np.argmin(np.where(likeness.admits(judged), judged.strangeness, np.inf)))
    if not likeness.admits(judged)[best]:
        return None
    quarters, sure = _LOOKS[best][0], likeness.is_sure_of(judged)[best]
    if quarters:
        return [reasons.turned(quarters)] if sure else None
    return replace(said(model.card, outputs)[best], put_right=INVERTED) if sure else [reasons.inverted()]


def _changed(image: Floats, quarters: int, negative: bool) -> Floats:
    turned = np.rot90(image, quarters)
    return np.asarray(1 - turned if negative else turned, np.float32)
