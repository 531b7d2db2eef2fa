"""Random changes to training images: flip, rotation, scale, and contrast, one warp for all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """How far a training image is changed. Zero switches a change off."""

    flip: float = 0.5
    """Share of images mirrored left to right."""
    degrees: float = 10.0
    """Rotation by up to this angle either way."""
    scale: float = 0.1
    """Enlarged or shrunk by up to this share."""
    gamma: float = 0.3
    """Brightness raised to exp(u), u uniform within this bound either way."""


def augment(grey: Tensor, options: Augmentation, generator: torch.Generator) -> Tensor:
    """A changed copy of `grey`, n x size x size in 0..1; what comes in from outside is black."""

    def uniform(bound: float) -> Tensor:
        return (torch.rand(len(grey), generator=generator) * 2 - 1) * bound

    angle, scale = uniform(math.radians(options.degrees)), 1 + uniform(options.scale)
    mirror = torch.where(torch.rand(len(grey), generator=generator) < options.flip, -1.0, 1.0)
    gamma = torch.exp(uniform(options.gamma))
    cos, sin, zero = torch.cos(angle) * scale, torch.sin(angle) * scale, torch.zeros(len(grey))
    matrix = torch.stack((torch.stack((cos * mirror, -sin, zero), 1), torch.stack((sin * mirror, cos, zero), 1)), 1)
    images = grey.unsqueeze(1)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    warped = functional.grid_sample(images, grid, align_corners=False).squeeze(1)
    return warped.clamp(0, 1) ** gamma.view(-1, 1, 1)
