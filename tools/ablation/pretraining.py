"""Pretraining without labels: two views of an image shall look alike, and different images not (VICReg).

Bardes, Ponce, LeCun: VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning, ICLR 2022.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxr_core.model.augment.batch import augment
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.network import Network, normalise
from cxr_core.model.precision import mixed, training_device
from cxr_core.model.preprocess import Preprocessing

BATCH, WIDTH = 64, 1024
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three losses, as in the paper."""


def pretrain(network: Network, grey: NDArray[np.uint8], rule: Preprocessing, epochs: int, seed: int) -> None:
    """Train the body of `network` in place on n x size x size images in 0..255; its head is left alone."""
    device, head, generator = training_device(), network.fc, torch.Generator().manual_seed(seed)
    network.fc = nn.Identity()  # type: ignore[assignment]
    network.to(device, memory_format=torch.channels_last).train()
    projector = _projector().to(device)
    optimiser = torch.optim.Adam([*network.parameters(), *projector.parameters()], 0.001)
    for _ in range(epochs):
        for chosen in torch.randperm(len(grey), generator=generator).split(BATCH)[:-1]:
            images = torch.from_numpy(grey[chosen.numpy()]).to(device).float() / 255
            views = [normalise(augment(images, Augmentation(), generator), rule) for _ in range(2)]
            optimiser.zero_grad()
            with mixed(device):
                one, other = (projector(network(view)).float() for view in views)
            loss(one, other).backward()
            optimiser.step()
    network.fc = head
    network.cpu()


def loss(one: Tensor, other: Tensor) -> Tensor:
    """VICReg's loss of the projections of two views, n x d each."""
    spread = sum(functional.relu(1 - torch.sqrt(part.var(0) + 1e-4)).mean() for part in (one, other)) / 2
    shared = sum(_off_diagonal(part) for part in (one, other))
    alike = functional.mse_loss(one, other)
    return INVARIANCE * alike + VARIANCE * spread + COVARIANCE * shared


def _off_diagonal(part: Tensor) -> Tensor:
    """Squared covariances between different dimensions, summed, for each dimension."""
    centred = part - part.mean(0)
    covariance = centred.T @ centred / (len(part) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / part.shape[1]


def _projector() -> nn.Sequential:
    return nn.Sequential(nn.Linear(512, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
