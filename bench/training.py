"""training: an epoch as the program trains it, against the bare step on a batch that lies on the device already."""

from __future__ import annotations

import statistics

import numpy as np
import torch
from torch.nn import functional

from bench.measure import Measurement, seconds
from cxr_core.model.examples import Examples
from cxr_core.model.material import Material
from cxr_core.model.network import Network, new_network
from cxr_core.model.precision import mixed, training_device
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.recipe import Recipe
from cxr_core.model.train import train

SIZE, BATCHES, ROUNDS = 224, 10, 3


def training() -> Measurement:
    """Reading from memory, changing, and learning, per image; the reference learns from one batch again and again."""
    device, recipe = training_device(), Recipe(((SIZE, 1),))
    material = Material(_noise(BATCHES * recipe.batch_size), _noise(2), Preprocessing())
    ours, theirs = [], []
    for _ in range(ROUNDS):
        network = new_network("none", seed=1)
        ours.append(seconds(lambda network=network: train(network, material, recipe, None, lambda progress: None)))
        theirs.append(seconds(lambda: _bare_epoch(new_network("none", seed=1), device, recipe)))
    per_image = 1000 / (BATCHES * recipe.batch_size)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "processor; on a GPU: not measured"
    note = f"share of the bare step's throughput, {where}"
    return Measurement(
        "training", statistics.median(ours) * per_image, statistics.median(theirs) * per_image, "ms/image", note
    )


def _noise(count: int) -> Examples:
    grey = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE), np.uint8)
    return Examples(grey, np.arange(count) % 2, [str(number) for number in range(count)])


def _bare_epoch(network: Network, device: torch.device, recipe: Recipe) -> None:
    network.to(device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.Adam(network.parameters(), recipe.learning_rate)
    images = torch.rand(recipe.batch_size, 3, SIZE, SIZE, device=device).contiguous(memory_format=torch.channels_last)
    labels = (torch.arange(recipe.batch_size) % 2).to(device)
    for _ in range(BATCHES):
        optimiser.zero_grad()
        with mixed(device):
            logits = network(images)
        loss = functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimiser.step()
    float(loss.detach())  # a GPU works behind the program's back: wait for it
