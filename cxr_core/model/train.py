"""Training: one network, one recipe, one checkpoint an epoch, the best epoch by validation AUC."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxr_core.errors import ModelError
from cxr_core.model.augment import Augmentation, augment
from cxr_core.model.examples import Examples
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network, normalise
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing


@dataclass(frozen=True)
class Material:
    """What a network learns from; each side has both classes, else ModelError is raised."""

    training: Examples
    validation: Examples
    rule: Preprocessing
    """By which the images were prepared, and by which they go in: that of the card they will be served by."""

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
class Recipe:
    """How the body of a network is trained, and its head with it. Its fields are written on the card."""

    stages: tuple[tuple[int, int], ...] = ((128, 12), (224, 4))
    """(size in pixels, epochs), one after the other: small images first, because they are cheap."""
    learning_rate: float = 0.001
    """Adam's step for what is new; it falls to zero along a cosine."""
    batch_size: int = 32
    class_weights: bool = True
    """Weigh the loss by the inverse of each class's share, so that the rarer one counts as much."""
    trained: str = "all"
    """What learns: `all`, or `last block` (layer4 and the head). For the head alone there is model.head."""
    body_share: float = 1.0
    """The body's learning rate as a share of the head's; lower when fine-tuning."""
    seed: int = 20260101
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if not self.stages or any(size < 32 or epochs < 1 for size, epochs in self.stages):
            raise ModelError(f"stages {self.stages}: each is (size of at least 32, epochs of at least 1)")

    @property
    def epochs(self) -> int:
        """Epochs over all stages."""
        return sum(epochs for _, epochs in self.stages)

    def size_of(self, epoch: int) -> int:
        """The image size of an epoch, counted from 0."""
        for size, epochs in self.stages:
            if epoch < epochs:
                return size
            epoch -= epochs
        return self.stages[-1][0]

    def as_dict(self) -> dict[str, Any]:
        """As written on a card."""
        return asdict(self)


Progress = Callable[[dict[str, Any]], None]


@dataclass
class _Run:
    """What changes while training, and is all that a checkpoint holds."""

    network: Network
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    recipe: dict[str, Any]
    material: str
    """Hash of what it starts from and learns from: another run's checkpoint must not be taken up."""
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(), "recipe": self.recipe, "material": self.material,
            "epoch": self.epoch, "history": self.history, "best": self.best,
        }  # fmt: skip

    def restore(self, path: Path) -> None:
        try:
            state = torch.load(path, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ModelError(f"{path} is damaged: remove it to start anew") from error
        if (state["recipe"], state["material"]) != (self.recipe, self.material):
            raise ModelError(f"{path} is left from a run with another recipe, base or data: remove it to start anew")
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.epoch, self.history, self.best = state["epoch"], state["history"], state["best"]


def train(
    network: Network, material: Material, recipe: Recipe, checkpoint: Path | None, tell: Progress
) -> list[dict[str, float]]:
    """Train `network` in place and leave it with the weights of its best epoch; returns the history.

    The history has `epoch`, `size`, `loss`, `validation_loss`, `validation_auc` for every epoch. With a
    `checkpoint` path, every epoch is saved there, and a run that was broken off goes on from it. Raises
    ModelError if the checkpoint is of another recipe, base or data.
    """
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(_parameter_groups(network, recipe))
    run = _Run(network, optimiser, torch.Generator(), recipe.as_dict(), _fingerprint(network, material))
    run.generator.manual_seed(recipe.seed)
    if checkpoint is not None and checkpoint.exists():
        run.restore(checkpoint)
    while run.epoch < recipe.epochs:
        _one_epoch(run, material.resized(recipe.size_of(run.epoch)), recipe, tell)
        if checkpoint is not None:
            _save(run.state(), checkpoint)
    network.load_state_dict(run.best)
    network.eval()
    return run.history


def learning_parts(network: Network, trained: str) -> list[nn.Module]:
    """The parts of a ResNet18 that learn; the rest keeps its weights and its running statistics."""
    head = network.fc
    parts: dict[str, list[nn.Module]] = {"all": [network], "last block": [network.layer4, head]}
    if trained not in parts:
        raise ModelError(f"{trained!r} can't be trained: choose one of {', '.join(parts)}")
    return parts[trained]


def _parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    head = set(network.fc.parameters())
    learning = {weight for part in learning_parts(network, recipe.trained) for weight in part.parameters()}
    for weight in network.parameters():
        weight.requires_grad_(weight in learning)
    body = [weight for weight in network.parameters() if weight in learning - head]
    return [{"params": list(network.fc.parameters()), "share": 1.0}, {"params": body, "share": recipe.body_share}]


def _one_epoch(run: _Run, material: Material, recipe: Recipe, tell: Progress) -> None:
    size = recipe.size_of(run.epoch)
    loss = _train_epoch(run, material, recipe, tell)
    validation_loss, validation_auc = _validate(run.network, material)
    entry = {
        "epoch": run.epoch + 1, "epochs": recipe.epochs, "size": size,
        "loss": loss, "validation_loss": validation_loss, "validation_auc": validation_auc,
    }  # fmt: skip
    # Only epochs at the serving size compete: the network is served at that size.
    contenders = [past["validation_auc"] for past in run.history if past["size"] == recipe.stages[-1][0]]
    if size == recipe.stages[-1][0] and validation_auc >= max(contenders, default=0):
        run.best = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    run.history.append(entry)
    run.epoch += 1
    tell({**entry, "history": run.history})


def _train_epoch(run: _Run, material: Material, recipe: Recipe, tell: Progress) -> float:
    run.network.eval()
    for part in learning_parts(run.network, recipe.trained):
        part.train()
    order = torch.randperm(len(material.training), generator=run.generator).numpy()
    steps = math.ceil(len(order) / recipe.batch_size)
    total = 0.0
    for step in range(steps):
        chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
        if len(chosen) == 1:
            continue  # batch normalisation can't learn from a single image
        _cosine(run.optimiser, recipe, run.epoch + step / steps)
        total += _step(run, material, chosen, recipe) * len(chosen)
        if step % 20 == 0:
            done = {"epoch": run.epoch + 1, "epochs": recipe.epochs, "step": step + 1, "steps": steps}
            tell({**done, "loss": total / ((step + 1) * recipe.batch_size), "history": run.history})
    return total / len(order)


def _step(run: _Run, material: Material, chosen: NDArray[np.int64], recipe: Recipe) -> float:
    grey = torch.from_numpy(material.training.grey[chosen]).float() / 255
    images = normalise(augment(grey, recipe.augmentation, run.generator), material.rule)
    labels = torch.from_numpy(material.training.labels[chosen])
    weights = class_weights(material.training.labels) if recipe.class_weights else None
    run.optimiser.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        logits = run.network(images)
    loss = functional.cross_entropy(logits.float(), labels, weight=weights)
    loss.backward()
    run.optimiser.step()
    return float(loss.detach())


def _validate(network: Network, material: Material) -> tuple[float, float]:
    """Mean cross-entropy and AUC on the validation side, by the pass that serves."""
    labels = material.validation.labels
    logits = forward_all(network, material.validation.grey, material.rule).logits
    loss = functional.binary_cross_entropy_with_logits(torch.from_numpy(logits), torch.from_numpy(labels).float())
    return float(loss), auc(labels, logits)


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


def _cosine(optimiser: torch.optim.Optimizer, recipe: Recipe, epoch: float) -> None:
    """Set the step size: one epoch of warm-up, then a cosine down to a hundredth."""
    fraction = epoch / recipe.epochs
    factor = min(1.0, epoch + 0.05) * (0.01 + 0.99 * (1 + math.cos(math.pi * fraction)) / 2)
    for group in optimiser.param_groups:
        group["lr"] = recipe.learning_rate * group["share"] * factor


def _fingerprint(network: Network, material: Material) -> str:
    digest = hashlib.sha256(repr(material.rule).encode())
    for tensor in network.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    for side in (material.training, material.validation):
        digest.update(side.labels.tobytes() + side.grey.tobytes())
    return digest.hexdigest()


def _save(state: dict[str, Any], path: Path) -> None:
    """Replace the checkpoint as a whole: a kill leaves the last one or this one."""
    temporary = path.with_suffix(".partial")
    with open(temporary, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
