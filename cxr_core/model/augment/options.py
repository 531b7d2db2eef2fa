"""How far training images are changed: strengths, each zero for not at all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the changes, in the order in which they happen. Zero switches a change off.

    The defaults are those that the recipe ships with.
    """

    histogram: float = 0.5
    """Share of images given, in part or wholly, the histogram of another image: exposure then tells nothing."""
    gamma: float = 0.5
    """Brightness raised to exp(u), u uniform within this bound either way."""
    contrast: float = 0.3
    """Contrast about the middle times exp(u), brightness plus 0.4 u; what leaves 0..1 is clipped."""
    field: float = 0.06
    """Deviation of a slow, uneven brightness laid over half of the images, like heel effect and scatter."""
    flip: float = 0.5
    """Share of images mirrored left to right."""
    degrees: float = 15.0
    """Rotation by up to this angle either way."""
    scale: float = 0.25
    """Enlarged or shrunk by up to exp(u)."""
    aspect: float = 0.2
    """Wider and lower, or narrower and higher, by up to exp(u): squeezing to a square hides the true shape."""
    shift: float = 0.12
    """Moved by up to this share of half the width and height."""
    shear: float = 0.05
    """Slanted by up to this much of the height."""
    sharpness: float = 1.0
    """Mixed with, or moved away from, its blurred copy by up to this share, on three of four images."""
    resolution: float = 0.3
    """Share of images shrunk to 40 to 85 % and enlarged again."""
    noise: float = 0.03
    """Up to this deviation of Gaussian noise."""
    collimation: float = 0.4
    """Share of images with edges covered, by up to 16 % a side, in black or a grey."""
    erasing: float = 0.3
    """Share of images with two rectangles covered in a grey, like leads, letters and shields."""

    def as_dict(self) -> dict[str, Any]:
        """As written on a card."""
        return asdict(self)
