"""What of the gate was fitted: a part of the card, without which no model is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxr_core.model.gate.likeness import Likeness
from cxr_core.model.gate.quality import Quality


@dataclass(frozen=True)
class Gate:
    """Limits of quality, and of likeness to the population that the model was validated on."""

    quality: Quality
    likeness: Likeness

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Gate:
        """As read from a card. Raises KeyError or TypeError for a missing or unknown part."""
        likeness = values["likeness"]
        return cls(
            Quality(**values["quality"]),
            Likeness(**{**likeness, "kinds": tuple(likeness["kinds"])}),
            **{name: value for name, value in values.items() if name not in ("quality", "likeness")},
        )
