"""The gate's second question: is it of enough quality? Measured on brightness as shown, before it is stretched.

The limits are fitted: halfway between the worst of the X-rays that the model was made and tested with, but for a few
odd ones, and nothing at all, so that another exposure within reason passes and what shows nothing doesn't.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxr_core.errors import ModelError
from cxr_core.model.gate.limits import are_numbers, most
from cxr_core.model.gate.objection import Kind, Objection

FEWEST_PIXELS = 100
"""Rows and columns below which little is left of a lung."""
NARROWEST = 4.0
"""The long side over the short one from which a picture is a strip."""
ODD_AT_MOST = 0.005
"""Of the X-rays that the limits are drawn around: so many at either end of a measure, and one at least, don't count."""
_TOO_LITTLE = {
    "contrast": ("flat", "no contrast: the picture is nearly one grey. Send it with its window, or take it again."),
    "sharpness": ("blurred", "blurred: nothing in the picture has an edge. Send the original, not a small copy."),
    "mean": ("black", "underexposed: nearly all of the picture is black. Send it with its window, or take it again."),
}
_TOO_MUCH = {
    "sharpness": ("grain", "grain: noise or fine lines from edge to edge, and nothing soft. Send the original X-ray."),
    "mean": ("white", "overexposed: nearly all of the picture is white. Send it with its window, or take it again."),
    "saturated": ("saturated", "saturated: most of the picture is fully black or white. Send it with its window."),
    "border": ("border", "border: most of the picture lies outside the X-ray. Cut the border off, and send it again."),
}
"""Measures of appearance, by name, with the code and sentence of the objection to too little or too much of each."""
_SHARES = ("mean", "saturated", "border")
"""Those that end at 1."""


@dataclass(frozen=True)
class Quality:
    """The limits of each measure."""

    least: dict[str, float]
    most: dict[str, float]

    def __post_init__(self) -> None:
        known = set(self.least) == set(_TOO_LITTLE) and set(self.most) == set(_TOO_MUCH)
        limits = [self.least[name] for name in self.least] + [self.most[name] for name in self.most]
        if not (known and are_numbers(*limits) and min(limits) >= 0 and self._can_be()):
            raise ModelError("the card's limits of quality are damaged: bring the card back from a backup")

    def _can_be(self) -> bool:
        in_order = all(self.least[name] <= self.most[name] for name in ("sharpness", "mean"))
        return in_order and all(self.most[name] <= 1 for name in _SHARES)

    @classmethod
    def fit(cls, appearances: Sequence[Mapping[str, float]], odd_at_most: float = ODD_AT_MOST) -> Quality:
        """From the measures of X-rays that the model was made and tested with."""
        names = {*_TOO_LITTLE, *_TOO_MUCH}
        measured = {name: np.array([found[name] for found in appearances]) for name in names}
        lowest = {name: -most(-measured[name], odd_at_most) for name in _TOO_LITTLE}
        highest = {name: most(measured[name], odd_at_most) for name in _TOO_MUCH}
        return cls(
            {name: value / 2 for name, value in lowest.items()},
            {name: (1 + value) / 2 if name in _SHARES else 2 * value for name, value in highest.items()},
        )

    def widened(self, other: Quality) -> Quality:
        """Limits that let through whatever either lets through."""
        return Quality(
            {name: min(value, other.least[name]) for name, value in self.least.items()},
            {name: max(value, other.most[name]) for name, value in self.most.items()},
        )

    def objections(self, appearance: Mapping[str, float]) -> list[Objection]:
        """What speaks against an image that looks like this."""
        found = [text for name, text in _TOO_LITTLE.items() if appearance[name] < self.least[name]]
        found += [text for name, text in _TOO_MUCH.items() if appearance[name] > self.most[name]]
        return [Objection(Kind.QUALITY, code, sentence) for code, sentence in found]


def of_shape(shape: tuple[int, ...]) -> list[Objection]:
    """What speaks against an image of rows x columns pixels."""
    rows, columns = shape
    if min(shape) < FEWEST_PIXELS:
        said = f"{columns} x {rows} pixels: too few, at least {FEWEST_PIXELS} a side are needed. Send the original."
        return [Objection(Kind.QUALITY, "few_pixels", said)]
    if max(shape) > NARROWEST * min(shape):
        said = f"{columns} x {rows} pixels: a strip, not a whole chest. Send the whole X-ray."
        return [Objection(Kind.QUALITY, "strip", said)]
    return []
