"""The words for what doesn't look like a frontal chest X-ray."""

from __future__ import annotations

from collections.abc import Mapping

from cxr_core.model.gate.kinds import MISPLACED, SPOILT
from cxr_core.model.gate.objection import Kind, Objection

_SEND = "The model judges frontal chest X-rays only."
_LOOKS_LIKE = {
    "limb": "an arm, a hand, a leg or a foot",
    "head": "a head",
    "lateral": "a chest from the side",
    "abdomen": "an abdomen",
    "slice": "a cross-section, as CT or MR make them",
    "photograph": "a photograph",
    "page": "a page of text or a drawing",
    "noise": "noise",
    "pattern": "a pattern or an empty picture",
}
"""The strangers that a model knows by name (`strangers.KINDS`)."""
_SOONER = 2.0
"""Logits by which an image must sooner be a spoilt chest X-ray than a stranger to go without a name."""


def may_be_misplaced(logits: Mapping[str, float]) -> bool:
    """Whether it is sooner a chest X-ray turned or negative than any stranger, as it stands."""
    return max(logits[kind] for kind in MISPLACED) > max(logits[kind] for kind in _LOOKS_LIKE)


def unlike(logits: Mapping[str, float]) -> Objection:
    """For an image that neither as it stands nor turned or negative is a frontal chest X-ray, by what it may be."""
    likeliest = max(_LOOKS_LIKE, key=lambda kind: logits[kind])
    if max(logits[kind] for kind in SPOILT) < logits[likeliest] + _SOONER:
        said = f"no frontal chest X-ray: it looks most like {_LOOKS_LIKE[likeliest]}. {_SEND}"
        return Objection(Kind.UNLIKE, likeliest, said)
    said = f"no frontal chest X-ray: a part of one, or none that looks like those the model was tested on. {_SEND}"
    return Objection(Kind.UNLIKE, "unlike", said)


def turned(quarters: int) -> Objection:
    """For a chest X-ray that has to be turned to the left so many quarters to stand upright."""
    said = f"turned by {90 * quarters} degrees clockwise: turn it upright, and send it again."
    return Objection(Kind.TURNED, f"turned_{90 * quarters}", said)


def inverted() -> Objection:
    """For what may be the negative of a chest X-ray, but isn't surely one."""
    said = "inverted, it seems: black and white are exchanged. Send it the right way round."
    return Objection(Kind.INVERTED, "inverted", said)
