"""Training the last layer alone: the body is asked once for its embeddings, so this takes seconds."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cxr_core.model.examples import Examples
from cxr_core.model.material import Material, weights_of
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.train import Progress

ALWAYS = {"optimiser": "Adam", "schedule": "constant", "class_weights": True, "mirrored_copies": True}
"""What nobody chooses, and the card says all the same."""


@dataclass(frozen=True)
class HeadRecipe:
    """How the last layer alone is trained: on each image and its mirror image, by Adam at a constant rate."""

    size: int
    """Rows and columns of the images."""
    epochs: int
    learning_rate: float
    batch_size: int = 32
    seed: int = 20260101
    """Of the order in which the images come."""

    def as_dict(self) -> dict[str, Any]:
        """As written on a card."""
        return {"trained": "head", **asdict(self), **ALWAYS}


@dataclass(frozen=True)
class _Seen:
    """Images as the last layer sees them."""

    embeddings: Tensor
    """n x 512."""
    labels: Tensor


def train_head(network: Network, material: Material, recipe: HeadRecipe, tell: Progress) -> list[dict[str, float]]:
    """Train `network`'s linear layer in place; leaves the best epoch by validation AUC.

    Returns the history, as model.train does; its entry for epoch 0 is the network as it came.
    """
    head, sides = network.fc, material.resized(recipe.size)
    training = _seen(network, sides.rule, sides.training, _mirrored(sides.training))
    validation = _seen(network, sides.rule, sides.validation)
    optimiser = torch.optim.Adam(head.parameters(), recipe.learning_rate)
    generator, weights = torch.Generator().manual_seed(recipe.seed), weights_of(sides.training, weighed=True).repeat(2)
    history, best = [_entry(head, training, validation, 0, recipe)], copy.deepcopy(head)
    for epoch in range(1, recipe.epochs + 1):
        for chosen in torch.randperm(len(training.labels), generator=generator).split(recipe.batch_size):
            optimiser.zero_grad()
            logits, labels, counts = head(training.embeddings[chosen]), training.labels[chosen], weights[chosen]
            each = functional.cross_entropy(logits, labels, reduction="none")
            ((each * counts).sum() / counts.sum()).backward()
            optimiser.step()
        history.append(_entry(head, training, validation, epoch, recipe))
        if history[-1]["validation_auc"] >= max(entry["validation_auc"] for entry in history[1:]):
            best = copy.deepcopy(head)
        tell({"epoch": epoch, "epochs": recipe.epochs, "history": history})
    head.load_state_dict(best.state_dict())
    return history


def _mirrored(examples: Examples) -> Examples:
    return replace(examples, grey=examples.grey[..., ::-1])


def _seen(network: Network, rule: Preprocessing, *parts: Examples) -> _Seen:
    embeddings = [torch.from_numpy(forward_all(network, part.grey, rule).embeddings) for part in parts]
    return _Seen(torch.cat(embeddings), torch.cat([torch.from_numpy(part.labels) for part in parts]))


@torch.no_grad()
def _entry(head: nn.Linear, training: _Seen, validation: _Seen, epoch: int, recipe: HeadRecipe) -> dict[str, float]:
    logits = head(validation.embeddings)
    return {
        "epoch": epoch, "epochs": recipe.epochs, "size": recipe.size,
        "loss": float(functional.cross_entropy(head(training.embeddings), training.labels)),
        "validation_loss": float(functional.cross_entropy(logits, validation.labels)),
        "validation_auc": auc(validation.labels.numpy(), (logits[:, 1] - logits[:, 0]).numpy()),
    }  # fmt: skip
