"""training: an epoch as the program trains it, against the bare step on a batch that lies on the device already."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from bench.measure import Measurement, seconds
from cxr_core.model.examples import Examples
from cxr_core.model.material import Material
from cxr_core.model.network import Network, new_network
from cxr_core.model.optimise import optimiser_of
from cxr_core.model.precision import mixed, training_device
from cxr_core.model.preprocess import Preprocessing
from cxr_core.model.recipe import RELEASE, Recipe
from cxr_core.model.train import train

SIZE, ROUNDS = 224, 3
SHORT, LONG = 1, 3
"""Epochs of two runs: their difference is free of what a run does once, such as moving data to the device."""


def training() -> Measurement:
    """Reading from memory, changing, and learning, per image; the reference learns from one batch again and again."""
    device = training_device()
    batches = 100 if device.type == "cuda" else 4
    material = Material(_noise(batches * RELEASE.batch_size), _noise(2), Preprocessing())
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_run(material, LONG) - _run(material, SHORT))
        theirs.append(_bare(device, batches * LONG) - _bare(device, batches * SHORT))
    per_image = 1000 / (batches * (LONG - SHORT) * RELEASE.batch_size)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "processor; on a GPU below"
    note = f"share of the bare step's throughput, {where}"
    return Measurement(
        "training", statistics.median(ours) * per_image, statistics.median(theirs) * per_image, "ms/image", note
    )


def _run(material: Material, epochs: int) -> float:
    """Seconds that the program takes to train a new network."""
    network, recipe = new_network("none", seed=1), replace(RELEASE, stages=((SIZE, epochs),))
    return seconds(lambda: train(network, material, recipe, None, lambda progress: None))


def _noise(count: int) -> Examples:
    grey = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE), np.uint8)
    return Examples(grey, np.arange(count) % 2, [str(number) for number in range(count)])


def _bare(device: torch.device, steps: int) -> float:
    """Seconds that so many bare steps take."""
    return seconds(lambda: _steps(new_network("none", seed=1), device, RELEASE, steps))


def _steps(network: Network, device: torch.device, recipe: Recipe, steps: int) -> None:
    network.to(device, memory_format=torch.channels_last).train()
    optimiser = optimiser_of(network, recipe)
    images = torch.rand(recipe.batch_size, 3, SIZE, SIZE, device=device).contiguous(memory_format=torch.channels_last)
    labels = (torch.arange(recipe.batch_size) % 2).to(device)
    for _ in range(steps):
        optimiser.zero_grad()
        with mixed(device):
            logits = network(images)
        loss = functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimiser.step()
    float(loss.detach())  # a GPU works behind the program's back: wait for it
