"""Training: one network, one recipe, one checkpoint an epoch, the best epoch by validation AUC."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cxr_core.errors import ModelError
from cxr_core.model import checkpoint
from cxr_core.model.augment.batch import augment
from cxr_core.model.material import Loaded, Material
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network, normalise
from cxr_core.model.optimise import follow, learning_parts, optimiser_of, set_pace, step
from cxr_core.model.precision import mixed, training_device
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.recipe import Recipe

VALIDATION_BATCH = 64
CHANGED_AT_ONCE = 4
"""Batches: their changes are many small operations, between which a GPU would wait."""
TOLD_EVERY = 20
"""Steps between two words on progress: asking a GPU for its loss more often would keep it waiting."""

Progress = Callable[[dict[str, Any]], None]


@dataclass
class _Run:
    """What changes while training, and is all that a checkpoint holds."""

    network: Network
    average: Network | None
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    recipe: Recipe
    material: str
    """Hash of what it starts from and learns from: another run's checkpoint must not be taken up."""
    teachers: list[Network]
    """Where the network is. They don't change, and no checkpoint holds them."""
    epoch: int = 0
    steps: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where it learns."""
        return self.network.fc.weight.device

    @property
    def served(self) -> Network:
        """The network that would be served now: the average, where the recipe has one."""
        return self.average or self.network

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "average": self.average.state_dict() if self.average else None,
            "optimiser": self.optimiser.state_dict(), "generator": self.generator.get_state(),
            "recipe": self.recipe.as_dict(), "material": self.material, "epoch": self.epoch, "steps": self.steps,
            "history": self.history, "best": self.best,
        }  # fmt: skip

    def restore(self, path: Path) -> None:
        state = checkpoint.load(path, self.recipe.as_dict(), self.material)
        self.network.load_state_dict(state["network"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.epoch, self.steps = state["epoch"], state["steps"]
        self.history, self.best = state["history"], state["best"]


def train(
    network: Network, material: Material, recipe: Recipe, kept: Path | None, tell: Progress
) -> list[dict[str, float]]:
    """Train `network` in place, on the GPU where there is one, and leave it with the weights of its best epoch.

    Returns the history: `epoch`, `size`, `loss`, `validation_loss`, `validation_auc` for every epoch. With a
    path in `kept`, every epoch is saved there, and a run that was broken off goes on from it. Raises ModelError if
    the checkpoint there is of another recipe, base or data, or if the loss is a number no more.
    """
    run = _begun(network, material, recipe)
    if kept is not None and kept.exists():
        run.restore(kept)
    for size, epochs in _still_to_do(recipe, run.epoch):
        sized = material.resized(size)
        loaded = Loaded.onto(run.device, sized.training, recipe.class_weights)
        for _ in range(epochs):
            if _is_stuck(run.history, recipe):
                break
            _one_epoch(run, sized, loaded, recipe, tell)
            if kept is not None:
                checkpoint.save(run.state(), kept)
    network.cpu().load_state_dict(run.best)
    network.eval()
    return run.history


def _is_stuck(history: list[dict[str, float]], recipe: Recipe) -> bool:
    """Whether the last epochs at the serving size, as many as the recipe is patient for, brought nothing better."""
    found = [entry["validation_auc"] for entry in history if entry["size"] == recipe.last_size]
    before, last = found[: -recipe.patience], found[-recipe.patience :]
    return bool(recipe.patience and before and max(last) <= max(before))


def _begun(network: Network, material: Material, recipe: Recipe) -> _Run:
    fingerprint = _fingerprint(network, material)
    network.to(training_device(), memory_format=torch.channels_last)
    teachers = [copy.deepcopy(teacher).to(network.fc.weight.device).eval() for teacher in material.teachers]
    average = copy.deepcopy(network) if recipe.averaging else None
    generator = torch.Generator().manual_seed(recipe.seed)
    return _Run(network, average, optimiser_of(network, recipe), generator, recipe, fingerprint, teachers)


def _still_to_do(recipe: Recipe, done: int) -> list[tuple[int, int]]:
    """The stages, without the epochs that are done."""
    left = []
    for size, epochs in recipe.stages:
        left.append((size, max(0, epochs - done)))
        done = max(0, done - epochs)
    return [(size, epochs) for size, epochs in left if epochs]


def _one_epoch(run: _Run, material: Material, loaded: Loaded, recipe: Recipe, tell: Progress) -> None:
    size = recipe.size_of(run.epoch)
    loss = _train_epoch(run, loaded, material.rule, recipe, tell)
    validation_loss, validation_auc = _validate(run.served, material)
    if not math.isfinite(loss + validation_loss):
        raise ModelError(
            f"training diverged in epoch {run.epoch + 1} of {recipe.epochs}, its loss is no finite number: "
            f"train with a learning rate lower than {recipe.learning_rate:g}"
        )
    entry = {
        "epoch": run.epoch + 1, "epochs": recipe.epochs, "size": size,
        "loss": loss, "validation_loss": validation_loss, "validation_auc": validation_auc,
    }  # fmt: skip
    # Only epochs at the serving size compete: the network is served at that size.
    contenders = [past["validation_auc"] for past in run.history if past["size"] == recipe.last_size]
    if size == recipe.last_size and validation_auc >= max(contenders, default=0):
        run.best = {name: tensor.to("cpu", copy=True) for name, tensor in run.served.state_dict().items()}
    run.history.append(entry)
    run.epoch += 1
    tell({**entry, "history": run.history})


def _train_epoch(run: _Run, loaded: Loaded, rule: Preprocessing, recipe: Recipe, tell: Progress) -> float:
    run.network.eval()
    for part in learning_parts(run.network, recipe.trained):
        part.train()
    total, steps = torch.zeros((), device=run.device), math.ceil(len(loaded) / recipe.batch_size)
    for number, (changed, labels, weights) in enumerate(_batches(run, loaded, recipe)):
        if len(labels) == 1:
            continue  # batch normalisation can't learn from a single image
        set_pace(run.optimiser, recipe, run.epoch + number / steps)
        total += _learn(run, changed, functional.one_hot(labels, 2).float(), weights, rule) * len(labels)
        if number % TOLD_EVERY == 0:
            done = {"epoch": run.epoch + 1, "epochs": recipe.epochs, "step": number + 1, "steps": steps}
            tell({**done, "loss": float(total) / ((number + 1) * recipe.batch_size), "history": run.history})
    return float(total) / len(loaded)


def _batches(run: _Run, loaded: Loaded, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """An epoch's changed images, labels and weights, a batch at a time; several batches are changed at once."""
    for chosen in torch.randperm(len(loaded), generator=run.generator).split(recipe.batch_size * CHANGED_AT_ONCE):
        grey, labels, weights = loaded.batch(chosen)
        changed = augment(grey, recipe.augmentation, run.generator)
        yield from zip(*(each.split(recipe.batch_size) for each in (changed, labels, weights)), strict=True)


def _learn(run: _Run, changed: Tensor, targets: Tensor, weights: Tensor, rule: Preprocessing) -> Tensor:
    """One step on a batch of changed images, of which each counts as much as its weight; returns its loss."""
    recipe = run.recipe
    if recipe.mixup:
        changed, targets, weights = _mixed_up(changed, targets, weights, recipe.mixup, run.generator)
    images = normalise(changed, rule)
    if run.teachers:
        targets = _taught(run.teachers, images)

    def loss() -> Tensor:
        with mixed(run.device):
            logits = run.network(images)
        smoothing = recipe.label_smoothing
        each = functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing, reduction="none")
        return (each * weights).mean()

    value = step(run.network, run.optimiser, loss, recipe.sharpness)
    run.steps += 1
    if run.average:
        follow(run.average, run.network, recipe.averaging, run.steps)
    return value


@torch.no_grad()
def _taught(teachers: list[Network], images: Tensor) -> Tensor:
    """What the teachers say of these very pictures, on average: n x 2 probabilities."""
    with mixed(images.device):
        said = [teacher(images) for teacher in teachers]
    return torch.stack([logits.float().softmax(1) for logits in said]).mean(0)


def _mixed_up(
    images: Tensor, targets: Tensor, weights: Tensor, strength: float, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """Each image, its label and its weight mixed with another's, by one share for the batch (Zhang et al. 2018)."""
    one, other = torch._standard_gamma(torch.full((2,), strength), generator=generator)
    share, partner = float(one / (one + other)), torch.randperm(len(images), generator=generator)
    partner = partner.to(images.device, non_blocking=True)
    return tuple(torch.lerp(each[partner], each, share) for each in (images, targets, weights))


@torch.inference_mode()
def _validate(network: Network, material: Material) -> tuple[float, float]:
    """Mean cross-entropy and AUC on the validation side, the network as it would be served."""
    network.eval()
    device, labels = network.fc.weight.device, material.validation.labels
    batches = torch.from_numpy(material.validation.grey).split(VALIDATION_BATCH)
    logits = [network(normalise(batch.to(device).float() / 255, material.rule)) for batch in batches]
    margin = torch.cat([(pair[:, 1] - pair[:, 0]).cpu() for pair in logits])
    loss = functional.binary_cross_entropy_with_logits(margin, torch.from_numpy(labels).float())
    return float(loss), auc(labels, margin.numpy())


def _fingerprint(network: Network, material: Material) -> str:
    digest = hashlib.sha256(repr(material.rule).encode())
    for one in (network, *material.teachers):
        for tensor in one.state_dict().values():
            digest.update(tensor.contiguous().cpu().numpy().tobytes())
    for side in (material.training, material.validation):
        weights = b"" if side.weights is None else side.weights.tobytes()
        digest.update(side.labels.tobytes() + side.grey.tobytes() + weights)
    return digest.hexdigest()
