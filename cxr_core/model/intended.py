"""Whom and what a model may judge."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Intended:
    """Those it was trained and tested on. A header that says something else keeps an image from the model."""

    youngest: int = 1
    """Years."""
    oldest: int = 5
    """Years."""
    views: tuple[str, ...] = ("AP", "PA")
    modalities: tuple[str, ...] = ("CR", "DX", "DR", "RG", "OT", "SC")
    """X-ray images, and what pictures and captures say, which is nothing."""
    body_parts: tuple[str, ...] = ("CHEST",)
    description: str = "frontal chest X-rays of children of 1 to 5 years"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Intended:
        """As read from a card. Raises KeyError or TypeError for a missing or unknown part."""
        if missing := {field.name for field in fields(cls)} - set(values):
            raise KeyError(", ".join(sorted(missing)))
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})
