"""The signals that are watched: what each is called, what a change usually means, what is too small to count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Explained:
    """One signal, in words for pages and documents."""

    title: str
    """What it is, in plain words."""
    meaning: str
    """What a change usually means, in one sentence."""
    slack: float
    """A difference up to this much, in the signal's own unit, is never a change."""


GREY_LEVEL = 0.005
"""A little more than one of 256 grey levels, 1/255 = 0.004: a difference that no reader can see."""

APPEARANCE = {
    "mean": Explained(
        "Average brightness",
        "Another exposure, window or processing on the machine, or another kind of patient.",
        GREY_LEVEL,
    ),
    "p01": Explained(
        "Darkest parts",
        "Another window or processing, added or removed black borders, or a lifted black level.",
        GREY_LEVEL,
    ),
    "p99": Explained(
        "Brightest parts",
        "Another window or processing, burned-in text, or more metal and devices in the picture.",
        GREY_LEVEL,
    ),
    "contrast": Explained(
        "Contrast",
        "Another window, tube voltage or processing, or more scattered radiation.",
        GREY_LEVEL,
    ),
    "sharpness": Explained(
        "Sharpness",
        "Edge enhancement switched on or off, movement, another resolution, or strong compression.",
        0.002,
    ),
    "noise": Explained(
        "Noise",
        "Another dose, an ageing or broken detector, or a noise filter switched on or off.",
        0.0001,
    ),
    "saturated": Explained(
        "Fully black or white share",
        "Over- or underexposure, a window that is too narrow, or added masks and borders.",
        0.005,
    ),
    "border": Explained(
        "Empty border share",
        "Another collimation, or pictures that are padded or cropped before they arrive.",
        0.01,
    ),
    "polarity": Explained(
        "Sides minus middle",
        "Inverted pictures, where it rises above zero; else other collimation, positioning or view.",
        GREY_LEVEL,
    ),
}
"""What the picture itself is like, whatever model looks at it; measured by `appearance.measure`."""

PREDICTION = {
    "probability": Explained(
        "Probability of pneumonia",
        "More or fewer patients with pneumonia, or pictures that the model doesn't know.",
        0.01,
    ),
    "confidence": Explained(
        "Confidence of the model",
        "Pictures that the model finds harder than those it was checked on, or another mix of patients.",
        0.01,
    ),
}
"""What one version of the model says; never comparable across versions."""

SIGNALS = APPEARANCE | PREDICTION


def slack(name: str) -> float:
    """The difference in signal `name` that never counts as a change; 0 for a signal not listed here."""
    return SIGNALS[name].slack if name in SIGNALS else 0.0
