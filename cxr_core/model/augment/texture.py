"""How sharp and how noisy: what detectors, processing and compression leave in a picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from cxr_core.model.augment.chance import Chance
from cxr_core.model.augment.options import Augmentation

TOUCHED = 0.75
"""Share of images whose sharpness is changed; the rest shows the network what the camera gave."""


def texture(images: Tensor, options: Augmentation, chance: Chance) -> Tensor:
    """`images` (n x size x size in 0..1) blurred or sharpened, coarser, noisier; in 0..1."""
    if options.sharpness:
        images = _other_sharpness(images, options.sharpness, chance)
    if options.resolution:
        images = _coarser(images, options.resolution, chance)
    if options.noise:
        images = images + chance.normal(*images.shape[1:]) * chance.uniform(0, options.noise).view(-1, 1, 1)
    return images.clamp(0, 1)


def _other_sharpness(images: Tensor, strength: float, chance: Chance) -> Tensor:
    """Towards the blurred copy by up to `strength`, or away from it by up to one and a half times as much."""
    share = chance.either_way(strength) * chance.chosen(TOUCHED).float()
    share = torch.where(share < 0, 1.5 * share, share)
    blurred = blur(images, chance.one(0.5, 1.6) * images.shape[-1] / 128)
    return torch.lerp(images, blurred, share.view(-1, 1, 1))


def _coarser(images: Tensor, share: float, chance: Chance) -> Tensor:
    size = images.shape[-1]
    smaller = max(8, int(chance.one(0.4, 0.85) * size))
    small = functional.interpolate(images.unsqueeze(1), (smaller, smaller), mode="area")
    coarse = functional.interpolate(small, (size, size), mode="bilinear", align_corners=False).squeeze(1)
    return torch.where(chance.chosen(share).view(-1, 1, 1), coarse, images)


def blur(images: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of n x size x size images by `deviation` pixels."""
    reach = max(1, math.ceil(3 * deviation))
    offsets = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-(offsets**2) / (2 * deviation**2))
    kernel = kernel / kernel.sum()
    padded = functional.pad(images.unsqueeze(1), (reach,) * 4, mode="replicate")
    rows = functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    return functional.conv2d(rows, kernel.view(1, 1, -1, 1)).squeeze(1)
