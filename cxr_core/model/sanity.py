"""Do a network's heatmaps show what it has learnt? Asked once a model, by destroying what it has learnt.

Adebayo et al. 2018 ("Sanity checks for saliency maps", section 3): layers are given new, random weights from the
top down, one after the other, and after each the maps must look different; a method that draws nearly the same
picture then, or its negative, draws the image's edges, not the network's reasons. So what counts is how far ranks agree
either way round, the absolute value, and the round of randomising in which they agree most. A network that has never
learnt anything would pass that, because its maps change as well. So they must also show more evidence on pneumonias
than on normals, and several times the difference that there is in the maps of any randomised network, which is chance.

A model that fails may be put to use, since its answers are judged by other figures; its heatmaps stay hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from cxr_core.model.card import HeatmapCheck
from cxr_core.model.examples import Examples
from cxr_core.model.explain import grad_cam
from cxr_core.model.network import Network, new_network, normalise
from cxr_core.model.predict import PNEUMONIA
from cxr_core.model.preprocess import Preprocessing
from cxr_core.records import Floats

STAGES = ("head", "layer4", "layer3", "layer2", "layer1", "stem")
"""What is randomised, from the top down; at each stage all those before it are random as well."""
EACH = 12
"""Patients of each class at most, with an image each: one forward pass of two dozen, and two and a half a round."""
SEEDS = (101, 102)
"""One round of randomising each."""
ALIKE = 0.5
"""The mean absolute rank correlation from which maps count as the same picture."""
TIMES = 3
"""How many times the randomised networks' greatest contrast the model's own must be."""


def check(network: Network, kept: Examples, rule: Preprocessing) -> HeatmapCheck:
    """The check on images kept from training, of both classes; of each patient one of a class is looked at."""
    chosen = _chosen(kept)
    truth = kept.labels[chosen]
    with torch.inference_mode():
        levels = _levels(network, normalise(torch.from_numpy(kept.grey[chosen] / np.float32(255)), rule))
        own = _maps(network, levels[-1])
        randomised = [(stage, maps) for seed in SEEDS for stage, maps in _randomised(levels, seed)]
    similarity = _similarities(own, randomised)
    contrast, chance = _contrast(own, truth), max(abs(_contrast(maps, truth)) for _, maps in randomised)
    passed = max(similarity.values()) < ALIKE and contrast > TIMES * chance
    return HeatmapCheck(len(chosen), similarity, contrast, chance, passed)


def _chosen(kept: Examples) -> NDArray[np.int64]:
    """The numbers of each patient's first image of each class, of as many patients as are looked at."""
    chosen = []
    for label in (0, 1):
        own = np.flatnonzero(kept.labels == label)
        _, firsts = np.unique(np.asarray(kept.patients)[own], return_index=True)
        chosen.append(own[np.sort(firsts)[:EACH]])
    return np.concatenate(chosen)


def _levels(network: Network, batch: Tensor) -> list[Tensor]:
    """The batch, and what comes out of the stem and of each block."""
    levels = [batch]
    for level in range(5):
        levels.append(_next(network, level, levels[-1]))
    return levels


def _next(network: Network, level: int, x: Tensor) -> Tensor:
    if level == 0:
        return network.maxpool(network.relu(network.bn1(network.conv1(x))))
    found: Tensor = (network.layer1, network.layer2, network.layer3, network.layer4)[level - 1](x)
    return found


def _randomised(levels: list[Tensor], seed: int) -> Iterator[tuple[str, Floats]]:
    """Each stage with the maps after it: below the stage, what the network made of the images is kept."""
    fresh = new_network("none", seed).eval().to(memory_format=torch.channels_last)
    for kept, stage in zip(range(5, -1, -1), STAGES, strict=True):
        x = levels[kept]
        for level in range(kept, 5):
            x = _next(fresh, level, x)
        yield stage, _maps(fresh, x)


def _maps(network: Network, last: Tensor) -> Floats:
    maps: Floats = grad_cam(last, network.fc.weight[PNEUMONIA]).numpy()
    return maps


def _similarities(own: Floats, randomised: list[tuple[str, Floats]]) -> dict[str, float]:
    """For each stage, `_similarity` in the round in which it is greatest."""
    return {stage: max(_similarity(own, maps) for name, maps in randomised if name == stage) for stage in STAGES}


def _similarity(ours: Floats, theirs: Floats) -> float:
    """The mean of Spearman's rank correlation over images, without its sign, 0..1; an even map is like no other."""
    return float(np.mean([abs(_rank_correlation(a.ravel(), b.ravel())) for a, b in zip(ours, theirs, strict=True)]))


def _rank_correlation(a: Floats, b: Floats) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _contrast(maps: Floats, truth: NDArray[np.int64]) -> float:
    """How much more evidence is shown on pneumonias than on normals, in the mean."""
    shown = maps.sum((1, 2))
    return float(shown[truth == 1].mean() - shown[truth == 0].mean())
