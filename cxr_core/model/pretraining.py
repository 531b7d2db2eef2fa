"""Pretraining without labels: two views of an image shall look alike, and different images not (VICReg).

Bardes, Ponce, LeCun: VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning, ICLR 2022.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxr_core.model import checkpoint
from cxr_core.model.augment.batch import augment
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.network import Network, normalise
from cxr_core.model.precision import mixed, training_device
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.train import Progress

BATCH, WIDTH, LEARNING_RATE = 64, 1024, 0.001
INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three losses, as in the paper."""


@dataclass(frozen=True)
class Plan:
    """How a body is pretrained."""

    epochs: int
    seed: int
    augmentation: Augmentation
    """How the two views of an image differ."""
    rule: Preprocessing
    """How they go in."""


def pretrain(network: Network, grey: NDArray[np.uint8], plan: Plan, kept: Path | None, tell: Progress) -> None:
    """Train the body of `network` in place on n x size x size images in 0..255; its head is left alone.

    With a path in `kept`, every epoch is saved there, and a run that was broken off goes on from it. Raises ModelError
    if the checkpoint there is of other images or another plan.
    """
    head, network.fc = network.fc, nn.Identity()
    run = _Run.begun(network, grey, plan)
    if kept is not None and kept.exists():
        run.restore(kept)
    images = torch.from_numpy(grey).to(training_device())
    while run.epoch < plan.epochs:
        tell({"doing": "pretraining", "epoch": run.epoch, "epochs": plan.epochs})
        _one_epoch(run, images, plan)
        if kept is not None:
            checkpoint.save(run.state(), kept)
    network.fc = head
    network.cpu()


@dataclass
class _Run:
    """What changes while pretraining, and is all that a checkpoint holds."""

    network: Network
    projector: nn.Sequential
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    plan: dict[str, Any]
    material: str
    """Hash of what it starts from and learns from."""
    epoch: int = 0

    @classmethod
    def begun(cls, network: Network, grey: NDArray[np.uint8], plan: Plan) -> _Run:
        digest = hashlib.sha256(grey.tobytes())
        for tensor in network.state_dict().values():
            digest.update(tensor.contiguous().numpy().tobytes())
        device = training_device()
        network.to(device, memory_format=torch.channels_last).train()
        projector = _projector(plan.seed).to(device)
        optimiser = torch.optim.Adam([*network.parameters(), *projector.parameters()], LEARNING_RATE)
        generator = torch.Generator().manual_seed(plan.seed)
        return cls(network, projector, optimiser, generator, asdict(plan), digest.hexdigest())

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "projector": self.projector.state_dict(),
            "optimiser": self.optimiser.state_dict(), "generator": self.generator.get_state(),
            "recipe": self.plan, "material": self.material, "epoch": self.epoch,
        }  # fmt: skip

    def restore(self, path: Path) -> None:
        state = checkpoint.load(path, self.plan, self.material)
        self.network.load_state_dict(state["network"])
        self.projector.load_state_dict(state["projector"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.epoch = state["epoch"]


def _one_epoch(run: _Run, grey: Tensor, plan: Plan) -> None:
    for chosen in torch.randperm(len(grey), generator=run.generator).split(BATCH):
        if len(chosen) < 2:
            continue  # variance and covariance are of several images
        images = grey[chosen.to(grey.device, non_blocking=True)].float() / 255
        views = [normalise(augment(images, plan.augmentation, run.generator), plan.rule) for _ in range(2)]
        run.optimiser.zero_grad()
        with mixed(grey.device):
            one, other = (run.projector(run.network(view)).float() for view in views)
        loss(one, other).backward()
        run.optimiser.step()
    run.epoch += 1


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


def _projector(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(512, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
