"""All random changes to a batch of training images, in the order in which an X-ray meets them."""

from __future__ import annotations

import torch
from torch import Tensor

from cxr_core.model.augment.borders import borders
from cxr_core.model.augment.chance import Chance
from cxr_core.model.augment.geometry import warp
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.augment.texture import texture
from cxr_core.model.augment.tone import tone


def augment(grey: Tensor, options: Augmentation, generator: torch.Generator) -> Tensor:
    """A changed copy of `grey`, n x size x size in 0..1, on the device where it is; the same seed, the same changes."""
    chance = Chance(generator, len(grey), grey.device)
    images = tone(grey, options, chance)
    images = warp(images, options, chance)
    images = texture(images, options, chance)
    return borders(images, options, chance)
