"""The rows of the table: the classic recipe, then one thing more at a time, then the shipped one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from cxr_core.model.augment.options import Augmentation
from cxr_core.model.recipe import RELEASE, SETTLING, Recipe
from cxr_core.model.thorax import outlines
from cxr_core.records import Floats

STAGES = ((128, 20),)
"""Screening: small images, and no epochs at the size that is served."""
NOTHING = Augmentation(**{field.name: 0.0 for field in fields(Augmentation)})
ALL = Augmentation()
STRONGER = replace(
    ALL,
    **{
        field.name: 1.5 * getattr(ALL, field.name)
        for field in fields(ALL)
        if field.name not in ("flip", "sharpness", "resolution")
    },
)
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


def _with(*names: str) -> Augmentation:
    return replace(NOTHING, **{name: getattr(ALL, name) for name in names})


def _with_larger_last(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """Of as many epochs, the last third at 224 pixels."""
    last = recipe.epochs // 3
    return ((128, recipe.epochs - last), (224, last))


CLASSIC = Recipe(STAGES, augmentation=replace(NOTHING, flip=0.5, degrees=10), label_smoothing=0, averaging=0)
STRONG = Recipe(STAGES, label_smoothing=0, averaging=0)
AVERAGED = Recipe(STAGES)
SHIPPED = replace(RELEASE, stages=STAGES, then=replace(SETTLING, stages=((128, 2),)))
UNSETTLED = replace(SHIPPED, then=None, keeps=0.0)
PRETRAINED = replace(UNSETTLED, pretraining=10)

SEED_RECIPE = "seed recipe: Adam 0.001, flip, rotation"
SHIPPED_RECIPE = "shipped recipe: that, and settled"
AVERAGED_ROW, UNSETTLED_ROW = "… and averaged weights", "averaged, by AdamW in batches of 64"
PRETRAINED_ROW = "pretrained without labels, by AdamW in batches of 64"
ROWS = {
    SEED_RECIPE: Row(CLASSIC),
    "changed geometry": Row(replace(CLASSIC, augmentation=_with(*GEOMETRY))),
    "… and tone": Row(replace(CLASSIC, augmentation=_with(*GEOMETRY, *TONE))),
    "… and texture and borders": Row(replace(CLASSIC, augmentation=replace(ALL, histogram=0))),
    "… and other images' histograms": Row(STRONG),
    "… and label smoothing": Row(replace(STRONG, label_smoothing=AVERAGED.label_smoothing)),
    AVERAGED_ROW: Row(AVERAGED),
    "averaged, with mixup": Row(replace(AVERAGED, mixup=0.3)),
    "averaged, sharpness-aware": Row(replace(AVERAGED, sharpness=0.05)),
    "averaged, by SGD": Row(replace(AVERAGED, optimiser="sgd", learning_rate=0.03, weight_decay=5e-4)),
    "averaged, by AdamW": Row(replace(AVERAGED, optimiser="adamw", weight_decay=0.05)),
    "averaged, in batches of 64": Row(replace(AVERAGED, batch_size=64)),
    "averaged, changed half as much again": Row(replace(AVERAGED, augmentation=STRONGER)),
    "averaged, taught by three": Row(replace(AVERAGED, teachers=3)),
    "averaged, equalised": Row(AVERAGED, equalised),
    "averaged, locally normalised": Row(AVERAGED, locally_normalised),
    "averaged, masked outside the thorax": Row(AVERAGED, outside_masked),
    "averaged, 224 pixels in the last third": Row(replace(AVERAGED, stages=_with_larger_last(AVERAGED))),
    "averaged, and the second hospital": Row(AVERAGED, second_domain=True),
    "averaged, taught by three, and the second hospital": Row(replace(AVERAGED, teachers=3), second_domain=True),
    PRETRAINED_ROW: Row(PRETRAINED),
    "pretrained, not averaged": Row(replace(PRETRAINED, averaging=0)),
    "pretrained, sharpness-aware": Row(replace(PRETRAINED, sharpness=0.05)),
    "pretrained, taught by three": Row(replace(PRETRAINED, teachers=3)),
    "pretrained, and the second hospital": Row(PRETRAINED, second_domain=True),
    UNSETTLED_ROW: Row(UNSETTLED),
    SHIPPED_RECIPE: Row(SHIPPED),
}
"""The classic recipe, one thing more at a time; what else was tried with all of these; and what is shipped."""

MOST_SEEDS = 3
SEEDS = dict.fromkeys(
    (SEED_RECIPE, AVERAGED_ROW, "averaged, and the second hospital", PRETRAINED_ROW, "pretrained, taught by three",
     "pretrained, and the second hospital", UNSETTLED_ROW, SHIPPED_RECIPE), MOST_SEEDS,
)  # fmt: skip
"""How many seeds a row is run with; the others with one. Only the classic row and the finalists have three."""
