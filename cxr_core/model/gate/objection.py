"""Why the model gives no opinion on an image: an answer like any other, with a name of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an objection is about, as readers of a plan tell refused images apart."""

    MODALITY = "modality"
    BODY_PART = "body part"
    VIEW = "view"
    AGE = "age"
    QUALITY = "quality"
    TURNED = "turned"
    INVERTED = "inverted"
    UNLIKE = "no frontal chest X-ray"


@dataclass(frozen=True)
class Objection:
    """One reason why there is no opinion."""

    kind: Kind
    code: str
    """Which reason of its kind; it never changes its meaning: `age`, `blurred`, `lateral`."""
    sentence: str
    """What is wrong and what to do about it, in plain words."""
