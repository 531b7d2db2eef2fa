"""The whole of a recipe: pretraining without labels, teachers, the one network that learns from them, what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from cxr_core.model.material import Material
from cxr_core.model.network import Network, new_network
from cxr_core.model.pretraining import Plan, pretrain
from cxr_core.model.recipe import Recipe
from cxr_core.model.train import Progress, train

History = list[dict[str, float]]


def train_network(
    base: str, material: Material, recipe: Recipe, checkpoint: Path | None, tell: Progress
) -> tuple[Network, History]:
    """A network of `base` (as new_network takes it) trained by the recipe, with its teachers, and its history.

    With a `checkpoint` path each part has a file there, and what was broken off goes on. Raises ModelError.
    """
    teachers = tuple(_teachers(base, material, recipe, checkpoint, tell))
    return _trained(base, replace(material, teachers=teachers), recipe, checkpoint, tell)


def checkpoints(checkpoint: Path, recipe: Recipe) -> list[Path]:
    """Every file that `train_network` may leave there."""
    own = [checkpoint, *(_of_teacher(checkpoint, number) for number in range(1, recipe.teachers + 1))]
    return [part(path) for path in own for part in (Path, _of_pretraining, _of_what_follows)]


def _teachers(
    base: str, material: Material, recipe: Recipe, checkpoint: Path | None, tell: Progress
) -> Iterator[Network]:
    for number in range(1, recipe.teachers + 1):
        own = replace(recipe, teachers=0, seed=recipe.seed + number)
        yield _trained(base, material, own, checkpoint and _of_teacher(checkpoint, number), tell)[0]


def _trained(
    base: str, material: Material, recipe: Recipe, checkpoint: Path | None, tell: Progress
) -> tuple[Network, History]:
    network = new_network(base, recipe.seed)
    if recipe.pretraining:
        plan = Plan(recipe.pretraining, recipe.seed, recipe.augmentation, material.rule)
        grey = material.resized(recipe.stages[0][0]).training.grey
        pretrain(network, grey, plan, checkpoint and _of_pretraining(checkpoint), tell)
    history = train(network, material, replace(recipe, then=None, keeps=0.0), checkpoint, tell)
    return network, history + _followed(network, material, recipe, checkpoint, tell)


def _followed(network: Network, material: Material, recipe: Recipe, checkpoint: Path | None, tell: Progress) -> History:
    if recipe.then is None:
        return []
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    history = train(network, material, recipe.then, checkpoint and _of_what_follows(checkpoint), tell)
    _move_back(network, before, recipe.keeps)
    epochs = recipe.epochs + recipe.then.epochs
    return [{**entry, "epoch": recipe.epochs + entry["epoch"], "epochs": epochs} for entry in history]


@torch.no_grad()
def _move_back(network: Network, before: dict[str, Tensor], share: float) -> None:
    """Move the weights and running statistics towards those from before, by a share of the way."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(before[name], share)


def _of_teacher(checkpoint: Path, number: int) -> Path:
    return checkpoint.with_suffix(f".teacher-{number}{checkpoint.suffix}")


def _of_pretraining(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(f".pretraining{checkpoint.suffix}")


def _of_what_follows(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(f".then{checkpoint.suffix}")
