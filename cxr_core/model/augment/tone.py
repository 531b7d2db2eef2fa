"""How bright things are: another exposure, another display curve, another machine's histogram."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from cxr_core.model.augment.chance import Chance
from cxr_core.model.augment.options import Augmentation

LEVELS = 256
"""Of brightness, as training images have them."""


def tone(images: Tensor, options: Augmentation, chance: Chance) -> Tensor:
    """`images` (n x size x size in 0..1) with other brightness, in 0..1; the order of brightness is kept."""
    if options.histogram:
        images = _another_histogram(images, options.histogram, chance)
    images = images.clamp(0, 1) ** _each(torch.exp(chance.either_way(options.gamma)))
    contrast = _each(torch.exp(chance.either_way(options.contrast)))
    images = 0.5 + (images - 0.5) * contrast + _each(0.4 * chance.either_way(options.contrast))
    if options.field:
        images = images + options.field * _slow_field(images, chance) * _each(chance.chosen(0.5).float())
    return images.clamp(0, 1)


def _another_histogram(images: Tensor, share: float, chance: Chance) -> Tensor:
    """Pixels keep their order and take, by 30 to 100 %, the values of another image of the batch."""
    levels = (images.flatten(1) * (LEVELS - 1)).round().long()
    below, counts = _shares(levels)
    theirs = below[chance.partner()]
    # Where half of a level's pixels lie below, in the other image's order; a sort of all pixels would be slow.
    taken = torch.searchsorted(theirs, below - counts / 2).clamp(max=LEVELS - 1)
    matched = (taken / (LEVELS - 1)).gather(1, levels).view_as(images)
    return torch.lerp(images, matched, _each(chance.uniform(0.3, 1) * chance.chosen(share).float()))


def _shares(levels: Tensor) -> tuple[Tensor, Tensor]:
    """For each image and level, the share of pixels at or below it, and the share at it: n x LEVELS each."""
    counts = torch.zeros(len(levels), LEVELS, device=levels.device)
    counts.scatter_add_(1, levels, torch.ones(levels.shape, device=levels.device))
    counts /= levels.shape[1]
    return counts.cumsum(1), counts


def _slow_field(images: Tensor, chance: Chance) -> Tensor:
    coarse = chance.normal(1, 3, 3)
    return functional.interpolate(coarse, images.shape[1:], mode="bicubic", align_corners=True).squeeze(1)


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1)
