"""Where things are: one warp for flip, rotation, scale, aspect, shift and shear."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from cxr_core.model.augment.chance import Chance
from cxr_core.model.augment.options import Augmentation


def warp(images: Tensor, options: Augmentation, chance: Chance) -> Tensor:
    """`images` (n x size x size) seen through a random affine map; what comes in from outside is black."""
    shape = [len(images), 1, *images.shape[1:]]
    grid = functional.affine_grid(_matrices(options, chance), shape, align_corners=False)
    return functional.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)


def _matrices(options: Augmentation, chance: Chance) -> Tensor:
    """n x 2 x 3: from where in the source, in -1..1, each place is taken."""
    angle = chance.either_way(math.radians(options.degrees))
    size, aspect = (torch.exp(chance.either_way(bound)) for bound in (options.scale, options.aspect))
    mirror = 1 - 2 * chance.chosen(options.flip).float()
    across, down, shear = (chance.either_way(bound) for bound in (options.shift, options.shift, options.shear))
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    first = torch.stack((cos * aspect * mirror, shear - sin, across), 1)
    second = torch.stack((sin * mirror, cos / aspect, down), 1)
    return torch.stack((first, second), 1)
