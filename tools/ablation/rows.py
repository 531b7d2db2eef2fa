"""The rows of the table: the classic recipe, then one thing more at a time, then the shipped one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from cxr_core.model.augment.options import Augmentation
from cxr_core.model.recipe import Recipe
from cxr_core.model.thorax import outlines
from cxr_core.records import Floats

STAGES = ((128, Recipe().epochs // 3),)
"""Screening: small images and a third of the epochs."""
NOTHING = Augmentation(**{field.name: 0.0 for field in fields(Augmentation)})
ALL = Augmentation()
GEOMETRY = ("flip", "degrees", "scale", "aspect", "shift", "shear")
TONE = ("gamma", "contrast", "field")


def as_it_is(image: Floats) -> Floats:
    """No further preparation."""
    return image


def equalised(image: Floats) -> Floats:
    """Histogram equalisation, in training and in judging."""
    return (cv2.equalizeHist(np.round(image * 255).astype(np.uint8)) / 255).astype(np.float32)


def locally_normalised(image: Floats) -> Floats:
    """Mean and deviation made the same everywhere, over windows of a tenth of the width."""
    reach = 0.107 * len(image)
    mean = cv2.GaussianBlur(image, (0, 0), reach)
    deviation = np.sqrt(np.maximum(cv2.GaussianBlur((image - mean) ** 2, (0, 0), reach), 6e-5))
    return np.clip(0.5 + (image - mean) / deviation / 5, 0, 1).astype(np.float32)


def outside_masked(image: Floats) -> Floats:
    """What lies outside the thorax covered in its mean: borders, letters, arms and abdomen."""
    inside = cv2.resize(outlines(image[None])[0].astype(np.float32), image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    mean = float((image * inside).sum() / max(1.0, float(inside.sum())))
    return (image * inside + mean * (1 - inside)).astype(np.float32)


@dataclass(frozen=True)
class Row:
    """One way of training."""

    recipe: Recipe
    prepare: Callable[[Floats], Floats] = as_it_is
    second_domain: bool = False
    """Whether patients of the second data folder are learnt from, too."""
    pretraining: int = 0
    """Epochs without labels on all images at hand, of both hospitals, before the recipe."""


def _with(*names: str) -> Augmentation:
    return replace(NOTHING, **{name: getattr(ALL, name) for name in names})


def _with_larger_last(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Of as many epochs, the last third at 224 pixels."""
    last = recipe.epochs // 3
    return ((128, recipe.epochs - last), (224, last))


CLASSIC = Recipe(STAGES, augmentation=replace(NOTHING, flip=0.5, degrees=10), label_smoothing=0, averaging=0)
STRONG = Recipe(STAGES, label_smoothing=0, averaging=0)
SMOOTHED = replace(STRONG, label_smoothing=Recipe().label_smoothing)
SHIPPED = replace(Recipe(), stages=STAGES)

SEED_RECIPE = "seed recipe: Adam 0.001, flip, rotation"
SHIPPED_RECIPE = "shipped recipe"
ROWS = {
    SEED_RECIPE: Row(CLASSIC),
    "changed geometry": Row(replace(CLASSIC, augmentation=_with(*GEOMETRY))),
    "… and tone": Row(replace(CLASSIC, augmentation=_with(*GEOMETRY, *TONE))),
    "… and texture and borders": Row(replace(CLASSIC, augmentation=replace(ALL, histogram=0))),
    "… and other images' histograms": Row(STRONG),
    "… and label smoothing": Row(SMOOTHED),
    SHIPPED_RECIPE: Row(SHIPPED),
    "shipped, and the second hospital": Row(SHIPPED, second_domain=True),
    "shipped, and mixup": Row(replace(SHIPPED, mixup=0.3)),
    "shipped, sharpness-aware": Row(replace(SHIPPED, sharpness=0.05)),
    "shipped, by SGD": Row(replace(SHIPPED, optimiser="sgd", learning_rate=0.03, weight_decay=5e-4)),
    "shipped, equalised": Row(SHIPPED, equalised),
    "shipped, locally normalised": Row(SHIPPED, locally_normalised),
    "shipped, masked outside the thorax": Row(SHIPPED, outside_masked),
    "shipped, after pretraining without labels": Row(SHIPPED, pretraining=10),
    "shipped, 224 pixels in the last third": Row(replace(SHIPPED, stages=_with_larger_last(SHIPPED))),
}
"""The classic recipe, one thing more at a time up to the shipped one (last: averaging), and what else was tried."""

MOST_SEEDS = 3
SEEDS = {SEED_RECIPE: MOST_SEEDS, SHIPPED_RECIPE: MOST_SEEDS, "shipped, and the second hospital": MOST_SEEDS}
"""How many seeds a row is run with; the others with one. Only the classic row and the finalists have three."""
