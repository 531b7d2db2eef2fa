"""From stored pixels to the network's input, by the rule that a model's card records.

The whole image is squeezed to a square: nothing is cropped, so the costophrenic angles stay. The
data set that the first model learnt from was squeezed by its makers, so serving squeezes too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.errors import ModelError
from cxr_core.records import Floats, Radiograph

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INVERTED = "inverted"
"""What was put right in an image that came as a negative."""


@dataclass(frozen=True)
class Preprocessing:
    """The rule of one model. Training and serving read it from the same card."""

    size: int = 224
    """Rows and columns of the network's input."""
    geometry: str = "squeeze"
    """The whole image, squeezed to a square."""
    low_percentile: float = 0.5
    high_percentile: float = 99.5
    """Brightness between these percentiles is stretched to 0..1, so exposure and window matter less."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __post_init__(self) -> None:
        if self.geometry != "squeeze":
            raise ModelError(f"geometry {self.geometry!r}: this program can only squeeze")
        if self.size < 32 or not 0 <= self.low_percentile < self.high_percentile <= 100:
            raise ModelError("preprocessing needs a size of at least 32, and percentiles in order, from 0 to 100")

    def as_dict(self) -> dict[str, Any]:
        """As written on a card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """As read from a card."""
        return cls(**{**values, "mean": tuple(values["mean"]), "std": tuple(values["std"])})


def squeeze(pixels: NDArray[Any], size: int) -> NDArray[Any]:
    """`pixels` (rows x columns, integers or float32) as size x size: area means when it shrinks."""
    if pixels.shape == (size, size):
        return pixels
    shrinks = min(pixels.shape) >= size
    return cv2.resize(_resizable(pixels), (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _resizable(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same values in a type that OpenCV can resize: it has neither signed bytes nor 32-bit integers."""
    if pixels.dtype.kind == "f" or pixels.dtype.name in ("uint8", "uint16", "int16"):
        return pixels
    return pixels.astype(np.int16 if pixels.itemsize == 1 else np.float32)


def brightness(radiograph: Radiograph, size: int) -> Floats:
    """The X-ray as shown, squeezed to size x size, float32 in 0..1.

    The tone is applied after the squeeze: on 4 megapixels that is the difference between 30 ms and 1.
    """
    return radiograph.tone(squeeze(radiograph.pixels, size))


def stretch(image: Floats, rule: Preprocessing) -> Floats:
    """`image` with the rule's percentiles moved to 0 and 1 and clipped; a flat image becomes zeros."""
    ranked = np.sort(image, axis=None)  # quicker than what looks for two ranks only
    low, high = _percentile(ranked, rule.low_percentile), _percentile(ranked, rule.high_percentile)
    if high - low < 1e-6:
        return np.zeros_like(image)
    return np.clip((image - low) / (high - low), 0, 1).astype(np.float32)


def _percentile(ranked: Floats, percent: float) -> np.float64:
    """As np.percentile gives it, to the last bit, of values in order: between two of them, linear."""
    place = percent / 100 * (len(ranked) - 1)
    below = int(place)
    least, most = ranked[below], ranked[min(below + 1, len(ranked) - 1)]
    share, step = np.float64(place - below), most - least
    return most - step * (1 - share) if share >= 0.5 else least + step * share


def righted(radiograph: Radiograph, put_right: str | None) -> Radiograph:
    """The X-ray as the model looked at it: its negative where `put_right` is INVERTED, else itself."""
    if put_right != INVERTED:
        return radiograph
    return replace(radiograph, tone=replace(radiograph.tone, table=1 - radiograph.tone.table))


def to_grey(radiograph: Radiograph, rule: Preprocessing) -> Floats:
    """size x size, float32 in 0..1: what the model sees, before the ImageNet normalisation."""
    return stretch(brightness(radiograph, rule.size), rule)
