"""What a network learns from, and the same on the device where it learns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cxr_core.errors import ModelError
from cxr_core.model.examples import Examples
from cxr_core.model.network import Network
from cxr_core.model.preprocess import Preprocessing


@dataclass(frozen=True)
class Material:
    """What a network learns from; each side has both classes, else ModelError is raised."""

    training: Examples
    validation: Examples
    rule: Preprocessing
    """By which the images were prepared, and by which they go in: that of the card they will be served by."""
    teachers: tuple[Network, ...] = ()
    """Whose mean opinion of a training image is learnt in place of its label, if there are any."""

    def __post_init__(self) -> None:
        for side, examples in (("training", self.training), ("validation", self.validation)):
            normal, pneumonia = np.bincount(examples.labels, minlength=2)
            if not normal or not pneumonia:
                has = f"there are {normal} normal and {pneumonia} pneumonia images"
                raise ModelError(f"{side} needs both classes: {has}")

    def resized(self, size: int) -> Material:
        """The same at size x size."""
        return replace(self, training=resized(self.training, size), validation=resized(self.validation, size))


@dataclass(frozen=True)
class Loaded:
    """Training images where the network is: read once, then taken from memory, batch by batch."""

    grey: Tensor
    """n x size x size, 0..255."""
    labels: Tensor
    """n."""
    weights: Tensor
    """n, how much each counts in the loss: by its class, and by how sure its label is."""

    @classmethod
    def onto(cls, device: torch.device, examples: Examples, weighed: bool) -> Loaded:
        """The examples on a device, both classes weighed alike or not."""
        grey, labels = torch.from_numpy(examples.grey), torch.from_numpy(examples.labels)
        return cls(grey.to(device), labels.to(device), weights_of(examples, weighed).to(device))

    def batch(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The chosen images, float in 0..1, their labels and weights."""
        chosen = chosen.to(self.labels.device, non_blocking=True)
        return self.grey[chosen].float() / 255, self.labels[chosen], self.weights[chosen]

    def __len__(self) -> int:
        return len(self.labels)


def weights_of(examples: Examples, weighed: bool) -> Tensor:
    """How much each of n examples counts in the loss: its class's weight, if weighed, times its label's."""
    labels = torch.from_numpy(examples.labels)
    by_class = class_weights(examples.labels)[labels] if weighed else torch.ones(len(labels))
    return by_class if examples.weights is None else by_class * torch.from_numpy(examples.weights)


def class_weights(labels: NDArray[np.int64]) -> Tensor:
    """Cross-entropy weights for labels of both classes: the inverse of each class's share, mean 1 over the examples."""
    counts = np.bincount(labels, minlength=2)
    return torch.tensor(len(labels) / (2 * counts), dtype=torch.float32)


def resized(examples: Examples, size: int) -> Examples:
    """The examples at size x size (area means when shrinking)."""
    if examples.grey.shape[-1] == size:
        return examples
    images = torch.from_numpy(examples.grey).unsqueeze(1)
    parts = [functional.interpolate(part.float(), (size, size), mode="area") for part in images.split(512)]
    grey = torch.cat(parts).squeeze(1).round().to(torch.uint8)
    return replace(examples, grey=grey.numpy())
