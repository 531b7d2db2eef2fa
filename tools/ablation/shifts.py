"""Changes that another machine, another operator or another export makes, laid over held-out X-rays.

Each takes brightness in 0..1 (size x size, float32) and a generator, and gives the same. They are written apart from
the augmentation on purpose: a recipe isn't judged by its own changes.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from cxr_core.records import Floats

Shift = Callable[[Floats, np.random.Generator], Floats]


def under_exposed(image: Floats, chance: np.random.Generator) -> Floats:
    """Mid-tones darker."""
    return image ** np.float32(chance.uniform(1.5, 2.0))


def over_exposed(image: Floats, chance: np.random.Generator) -> Floats:
    """Mid-tones brighter."""
    return image ** np.float32(chance.uniform(0.45, 0.65))


def flat(image: Floats, chance: np.random.Generator) -> Floats:
    """Shadows and highlights compressed, with a little noise."""
    pressed = 0.5 + np.tanh((image - 0.5) * chance.uniform(2, 3)) / 3
    return _bounded(pressed + chance.normal(0, 0.01, image.shape))


def hard(image: Floats, chance: np.random.Generator) -> Floats:
    """Contrast so high that shadows and highlights are lost."""
    return _bounded(0.5 + (image - 0.5) * chance.uniform(1.5, 1.9))


def blurred(image: Floats, chance: np.random.Generator) -> Floats:
    """As by motion, or a small original enlarged."""
    return _blur(image, chance.uniform(1.0, 1.8))


def sharpened(image: Floats, chance: np.random.Generator) -> Floats:
    """As by edge enhancement in the machine."""
    return _bounded(image + chance.uniform(1, 2) * (image - _blur(image, 1.5)))


def framed(image: Floats, chance: np.random.Generator) -> Floats:
    """A border of 5 to 15 % all around, black or bright."""
    down, across = (int(share * len(image)) for share in chance.uniform(0.05, 0.15, 2))
    framed_image = np.full_like(image, image.min() if chance.random() < 0.5 else 0.9)
    framed_image[down:-down, across:-across] = image[down:-down, across:-across]
    return framed_image


def cropped(image: Floats, chance: np.random.Generator) -> Floats:
    """The outer 7 to 15 % cut away."""
    cut = int(chance.uniform(0.07, 0.15) * len(image))
    return _resized(image[cut:-cut, cut:-cut], len(image))


def smaller(image: Floats, chance: np.random.Generator) -> Floats:
    """The whole picture at 67 to 85 % of its size, on black."""
    side = int(chance.uniform(0.67, 0.85) * len(image))
    start = (len(image) - side) // 2
    on_black = np.zeros_like(image)
    on_black[start : start + side, start : start + side] = _resized(image, side)
    return on_black


def stretched(image: Floats, chance: np.random.Generator) -> Floats:
    """A quarter to four tenths cut away above and below, or at the sides, and the rest squeezed to a square."""
    cut = int(chance.uniform(0.125, 0.2) * len(image))
    inner = image[cut:-cut] if chance.random() < 0.5 else image[:, cut:-cut]
    return _resized(inner, len(image))


SHIFTS: dict[str, tuple[Shift, ...]] = {
    "exposure": (under_exposed, over_exposed),
    "contrast": (flat, hard),
    "blur": (blurred, sharpened),
    "borders": (framed, cropped),
    "scale": (smaller, stretched),
}
"""The columns of the table; each is the mean over its changes."""


def another_histogram(images: Floats, labels: np.ndarray, chance: np.random.Generator) -> Floats:
    """Each image of `images` (n x size x size) with the histogram of a random one of the other class."""
    of_class = [np.flatnonzero(labels == label) for label in (0, 1)]
    changed = np.empty_like(images)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        giver = images[chance.choice(of_class[1 - label])]
        order = np.argsort(image.ravel() + chance.uniform(0, 1e-4, image.size))
        changed[number].reshape(-1)[order] = np.sort(giver.ravel())
    return changed


def _blur(image: Floats, deviation: float) -> Floats:
    return cv2.GaussianBlur(image, (0, 0), deviation).astype(np.float32)


def _resized(image: Floats, side: int) -> Floats:
    return cv2.resize(np.ascontiguousarray(image), (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)


def _bounded(image: np.ndarray) -> Floats:
    return np.clip(image, 0, 1).astype(np.float32)
