"""A loaded model, and its opinion on X-rays: probability, label, heatmap and embedding in one forward pass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cxr_core.errors import ModelError
from cxr_core.model.card import Card, read_card
from cxr_core.model.explain import grad_cam
from cxr_core.model.network import Network, from_files
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.runtime import Runtime, reference
from cxr_core.records import CLASSES, Label, Opinion

BATCH = 32
PNEUMONIA = CLASSES.index(Label.PNEUMONIA)


@dataclass(frozen=True)
class Model:
    """A network with its card. Predict only through this."""

    card: Card
    network: Network
    runtime: Runtime | None = None
    """What was chosen to serve its opinions, if anything was."""

    @property
    def served_by(self) -> Runtime:
        """What computes its opinions: the runtime that was chosen, else the network itself."""
        return self.runtime or reference(self.network, self.card.preprocessing)


@dataclass(frozen=True)
class Outputs:
    """What a batch gives, before the card's calibration."""

    logits: NDArray[np.float32]
    """n: Pneumonia's logit minus Normal's."""
    heatmaps: NDArray[np.float32]
    """n x 7 x 7, Grad-CAM for Pneumonia."""
    embeddings: NDArray[np.float32]
    """n x 512: the last block's maps, pooled."""
    traits: NDArray[np.float32]
    """n x 448: the blocks before it, pooled."""


def assemble(card: Card, *files: bytes) -> Model:
    """The model of `card` from its safetensors: the release's, then each descendant's changes.

    Raises ModelError if the last file isn't the one the card was written for, or doesn't fit.
    """
    if hashlib.sha256(files[-1]).hexdigest() != card.weights_sha256:
        raise ModelError(f"the weights of {card.name} are not those its card was written for")
    return Model(card, from_files(*files, name=card.name))


def load_file(path: Path) -> Model:
    """The model in a weights file with its card beside it. Raises ModelError if either is missing."""
    card = read_card(path)
    if not path.is_file():
        raise ModelError(f"{path}: there is no such weights file")
    return assemble(card, path.read_bytes())


def forward(network: Network, grey: NDArray[np.floating | np.uint8], rule: Preprocessing) -> Outputs:
    """One forward pass by the reference over n x size x size images (float in 0..1)."""
    return _computed(reference(network, rule), network, grey)


@torch.inference_mode()
def _computed(runtime: Runtime, network: Network, grey: NDArray[np.floating | np.uint8]) -> Outputs:
    maps, traits = runtime.run(torch.from_numpy(np.asarray(grey, np.float32)))
    embeddings = maps.mean((2, 3))
    logits = network.fc(embeddings)
    heatmaps = grad_cam(maps, network.fc.weight[PNEUMONIA])
    return Outputs((logits[:, 1] - logits[:, 0]).numpy(), heatmaps.numpy(), embeddings.numpy(), traits.numpy())


def forward_all(network: Network, grey: NDArray[np.uint8], rule: Preprocessing) -> Outputs:
    """The forward pass by the reference over any number of images in 0..255, a batch at a time."""
    network.eval()
    parts = [forward(network, grey[i : i + BATCH] / np.float32(255), rule) for i in range(0, len(grey), BATCH)]
    return Outputs(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.heatmaps for part in parts]),
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.traits for part in parts]),
    )


def judge(model: Model, grey: NDArray[np.floating]) -> list[Opinion]:
    """The model's opinion on prepared images, n x size x size in 0..1."""
    return said(model.card, look(model, grey))


def look(model: Model, grey: NDArray[np.floating]) -> Outputs:
    """One forward pass of the model, by its runtime, over prepared images, n x size x size in 0..1."""
    return _computed(model.served_by, model.network, grey)


def said(card: Card, outputs: Outputs) -> list[Opinion]:
    """What a forward pass says of each image, as the card reads it."""
    probabilities = card.calibration.probability(outputs.logits)
    return [
        Opinion(float(p), float(logit), card.calibration.label(float(p)), heatmap, embedding)
        for p, logit, heatmap, embedding in zip(
            probabilities, outputs.logits, outputs.heatmaps, outputs.embeddings, strict=True
        )
    ]
