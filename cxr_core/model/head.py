"""Training the last layer alone: the body is asked once for its embeddings, so this takes seconds."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxr_core.model.examples import Examples
from cxr_core.model.metrics import auc
from cxr_core.model.network import Network
from cxr_core.model.predict import forward_all
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.train import Progress, Recipe, class_weights, require_both_classes


def train_head(
    network: Network, training: Examples, validation: Examples, recipe: Recipe, tell: Progress
) -> list[dict[str, float]]:
    """Train `network`'s linear layer in place, each image also mirrored; leaves the best epoch by validation AUC.

    Returns the history, as model.train does; its entry for epoch 0 is the network as it came. Raises
    ModelError if a side lacks a class.
    """
    require_both_classes(training, validation)
    seen = torch.cat([_embeddings(network, grey) for grey in (training.grey, training.grey[..., ::-1])])
    labels = np.concatenate((training.labels, training.labels))
    unseen = _embeddings(network, validation.grey)
    optimiser = torch.optim.Adam(network.fc.parameters(), recipe.learning_rate)
    generator = torch.Generator().manual_seed(recipe.seed)
    weights = class_weights(training.labels) if recipe.class_weights else None
    history, best = (
        [_entry(network.fc, (seen, labels), (unseen, validation.labels), 0, recipe)],
        copy.deepcopy(network.fc),
    )
    for epoch in range(1, recipe.epochs + 1):
        for chosen in torch.randperm(len(seen), generator=generator).split(recipe.batch_size):
            optimiser.zero_grad()
            loss = functional.cross_entropy(network.fc(seen[chosen]), torch.from_numpy(labels)[chosen], weight=weights)
            loss.backward()
            optimiser.step()
        history.append(_entry(network.fc, (seen, labels), (unseen, validation.labels), epoch, recipe))
        if history[-1]["validation_auc"] >= max(entry["validation_auc"] for entry in history[1:]):
            best = copy.deepcopy(network.fc)
        tell({"epoch": epoch, "epochs": recipe.epochs, "history": history})
    network.fc.load_state_dict(best.state_dict())
    return history


def _embeddings(network: Network, grey: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(forward_all(network, grey, Preprocessing()).embeddings)


@torch.no_grad()
def _entry(
    head: nn.Linear,
    seen: tuple[Tensor, NDArray[np.int64]],
    unseen: tuple[Tensor, NDArray[np.int64]],
    epoch: int,
    recipe: Recipe,
) -> dict[str, float]:
    logits = head(unseen[0])
    return {
        "epoch": epoch, "epochs": recipe.epochs, "size": recipe.stages[-1][0],
        "loss": float(functional.cross_entropy(head(seen[0]), torch.from_numpy(seen[1]))),
        "validation_loss": float(functional.cross_entropy(logits, torch.from_numpy(unseen[1]))),
        "validation_auc": auc(unseen[1], (logits[:, 1] - logits[:, 0]).numpy()),
    }  # fmt: skip
