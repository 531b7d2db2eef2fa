"""What hides parts of the picture: collimation at the edges; leads, shields and letters anywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from cxr_core.model.augment.chance import Chance
from cxr_core.model.augment.options import Augmentation

DEEPEST_EDGE = 0.16
"""Of the width or height, that a collimator covers at most on one side."""


def borders(images: Tensor, options: Augmentation, chance: Chance) -> Tensor:
    """`images` (n x size x size in 0..1) with edges and rectangles covered."""
    if options.collimation:
        images = _collimated(images, options.collimation, chance)
    if options.erasing:
        touched = chance.chosen(options.erasing)
        for _ in range(2):
            images = _covered(images, touched, chance)
    return images


def _collimated(images: Tensor, share: float, chance: Chance) -> Tensor:
    """About six of ten edges of the chosen images, in black on seven of ten images and in a grey on the others."""
    place = _places(images)
    low, high, top, bottom = (chance.uniform(0, DEEPEST_EDGE) * chance.chosen(0.6).float() for _ in range(4))
    columns = (place >= low[:, None]) & (place < 1 - high[:, None])
    rows = (place >= top[:, None]) & (place < 1 - bottom[:, None])
    open_field = rows[:, :, None] & columns[:, None, :]
    fill = chance.uniform(0, 1) * chance.chosen(0.3).float()
    covered = chance.chosen(share)[:, None, None] & ~open_field
    return torch.where(covered, fill[:, None, None], images)


def _covered(images: Tensor, touched: Tensor, chance: Chance) -> Tensor:
    """One rectangle of 6 to 25 % of width and height, in a grey, on each image that is touched."""
    place = _places(images)
    width, height = chance.uniform(0.06, 0.25), chance.uniform(0.06, 0.25)
    left, top = chance.uniform(0, 1) * (1 - width), chance.uniform(0, 1) * (1 - height)
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    inside = rows[:, :, None] & columns[:, None, :] & touched[:, None, None]
    return torch.where(inside, chance.uniform(0, 1)[:, None, None], images)


def _places(images: Tensor) -> Tensor:
    """Where rows, or columns, lie: 1 x size in 0..1."""
    size = images.shape[-1]
    return (torch.arange(size, device=images.device) / size).unsqueeze(0)
