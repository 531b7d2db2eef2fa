"""Random numbers for a batch: drawn on the processor, so that a seed gives the same choices on every device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Chance:
    """Draws one number an image for `count` images, and puts them where the images are."""

    generator: torch.Generator
    count: int
    device: torch.device

    def uniform(self, low: float, high: float) -> Tensor:
        """n numbers between `low` and `high`."""
        drawn = torch.rand(self.count, generator=self.generator)
        return self._moved(low + (high - low) * drawn)

    def either_way(self, bound: float) -> Tensor:
        """n numbers between -bound and bound."""
        return self.uniform(-bound, bound)

    def chosen(self, share: float) -> Tensor:
        """n booleans, each true with this probability."""
        return self._moved(torch.rand(self.count, generator=self.generator) < share)

    def partner(self) -> Tensor:
        """Another image of the batch for each, as n indices."""
        return self._moved(torch.randperm(self.count, generator=self.generator))

    def normal(self, *shape: int) -> Tensor:
        """n x shape numbers of the standard normal distribution, drawn where the images are: they are many."""
        return torch.randn(self.count, *shape, generator=self._there(), device=self.device)

    def one(self, low: float, high: float) -> float:
        """A number for the whole batch."""
        return low + (high - low) * float(torch.rand(1, generator=self.generator))

    def _moved(self, drawn: Tensor) -> Tensor:
        """Without waiting until a GPU has done what it was given before."""
        return drawn.to(self.device, non_blocking=True)

    def _there(self) -> torch.Generator:
        """A generator on the images' device, which follows from this one."""
        if self.device == self.generator.device:
            return self.generator
        seed = int(torch.randint(2**62, (), generator=self.generator))
        return torch.Generator(self.device).manual_seed(seed)
