"""What of the gate was fitted: a part of the card, without which no model is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxr_core.errors import ModelError
from cxr_core.model.gate import strangers
from cxr_core.model.gate.kinds import CHEST, SPOILT
from cxr_core.model.gate.likeness import Likeness
from cxr_core.model.gate.quality import Quality

FEATURES = 960
"""That the network gives (`likeness.features`)."""
KINDS = {CHEST, *SPOILT, *strangers.KINDS}
"""That the planes must tell apart: a refusal is named by them."""


@dataclass(frozen=True)
class Gate:
    """Limits of quality, and of likeness to the population that the model was validated on."""

    quality: Quality
    likeness: Likeness

    def __post_init__(self) -> None:
        if wrong := KINDS.symmetric_difference(self.likeness.kinds):
            raise ModelError(f"the card's likeness lacks or doesn't know what to do with: {', '.join(sorted(wrong))}")
        if self.likeness.width != FEATURES:
            raise ModelError(f"the card's likeness weighs {self.likeness.width} features; the network gives {FEATURES}")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Gate:
        """As read from a card. Raises KeyError, TypeError or ModelError for a missing, unknown or damaged part."""
        likeness = values["likeness"]
        return cls(
            Quality(**values["quality"]),
            Likeness(**{**likeness, "kinds": tuple(likeness["kinds"])}),
            **{name: value for name, value in values.items() if name not in ("quality", "likeness")},
        )
