"""How weights move: which of them learn, by what optimiser and how fast, and the average that is served."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from cxr_core.errors import ModelError
from cxr_core.model.network import Network
from cxr_core.model.recipe import Recipe

WARM_UP_EPOCHS = 1.0


def learning_parts(network: Network, trained: str) -> list[nn.Module]:
    """The parts of a ResNet18 that learn; the rest keeps its weights and its running statistics."""
    head = network.fc
    parts: dict[str, list[nn.Module]] = {"all": [network], "last block": [network.layer4, head]}
    if trained not in parts:
        raise ModelError(f"{trained!r} can't be trained: choose one of {', '.join(parts)}")
    return parts[trained]


def optimiser_of(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over what learns; the rest is frozen."""
    groups = _parameter_groups(network, recipe)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            groups, recipe.learning_rate, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
        )
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, recipe.learning_rate, weight_decay=recipe.weight_decay, fused=_on_gpu(network) or None)


def _on_gpu(network: Network) -> bool:
    return network.fc.weight.is_cuda


def _parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    head = set(network.fc.parameters())
    learning = {weight for part in learning_parts(network, recipe.trained) for weight in part.parameters()}
    for weight in network.parameters():
        weight.requires_grad_(weight in learning)
    body = [weight for weight in network.parameters() if weight in learning - head]
    return [{"params": list(network.fc.parameters()), "share": 1.0}, {"params": body, "share": recipe.body_share}]


def set_pace(optimiser: torch.optim.Optimizer, recipe: Recipe, epoch: float) -> None:
    """Set the step size: an epoch of warm-up, then a cosine down to a hundredth."""
    fraction = epoch / recipe.epochs
    factor = min(1.0, epoch / WARM_UP_EPOCHS + 0.05) * (0.01 + 0.99 * (1 + math.cos(math.pi * fraction)) / 2)
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * group["share"] * factor


def step(network: nn.Module, optimiser: torch.optim.Optimizer, loss: Callable[[], Tensor], sharpness: float) -> Tensor:
    """One step down the network's loss, or, with `sharpness`, down its loss a step uphill; returns the loss here."""
    optimiser.zero_grad()
    value = loss()
    value.backward()
    if sharpness:
        moves = _uphill(optimiser, sharpness)
        optimiser.zero_grad()
        with _statistics_kept(network):
            loss().backward()
        with torch.no_grad():
            for weight, move in moves:
                weight.sub_(move)
    optimiser.step()
    return value.detach()


@contextmanager
def _statistics_kept(network: nn.Module) -> Iterator[None]:
    """Batch normalisation goes by the batch, but its running statistics stay: these are of weights nobody serves."""
    keeping = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d) and part.track_running_stats]
    for part in keeping:
        part.track_running_stats = False
    try:
        yield
    finally:
        for part in keeping:
            part.track_running_stats = True


@torch.no_grad()
def _uphill(optimiser: torch.optim.Optimizer, radius: float) -> list[tuple[Tensor, Tensor]]:
    """Move every weight along its gradient, by `radius` in all; returns the moves."""
    weights = [weight for group in optimiser.param_groups for weight in group["params"] if weight.grad is not None]
    norm = torch.stack([weight.grad.norm() for weight in weights if weight.grad is not None]).norm()
    moves = [(weight, weight.grad * (radius / (norm + 1e-12))) for weight in weights if weight.grad is not None]
    for weight, move in moves:
        weight.add_(move)
    return moves


@torch.no_grad()
def follow(average: Network, network: Network, decay: float, steps: int) -> None:
    """Move `average` towards `network`; young averages move faster, so that the beginning is soon forgotten."""
    share = 1 - min(decay, (1 + steps) / (10 + steps))
    olds, news = (list(each.state_dict().values()) for each in (average, network))
    floats = [number for number, old in enumerate(olds) if old.is_floating_point()]
    move = get_ema_multi_avg_fn(1 - share)  # one call for all tensors: a GPU would wait for a call each
    move([olds[number] for number in floats], [news[number] for number in floats], steps)
    for number in set(range(len(olds))) - set(floats):
        olds[number].copy_(news[number])
