"""What a gate learns from: X-rays as they are and as they might come, the same ones spoilt, and painted strangers."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cxr_core.model.augment.batch import augment
from cxr_core.model.augment.options import Augmentation
from cxr_core.model.examples import as_bytes
from cxr_core.model.gate import strangers
from cxr_core.model.gate.kinds import BROKEN, CHEST, NEGATIVE, TURNS
from cxr_core.model.preprocess import Preprocessing, stretch
from cxr_core.records import Floats

Grey = NDArray[np.uint8]
Way = Callable[[Floats, np.random.Generator], Floats]
MOST = 4000
"""X-rays as they are: the more of them, the closer the limits can be drawn around patients."""
MOST_VARIED = 600
MOST_SPOILT = 300
"""X-rays of each way to spoil one."""
MOST_PAINTED = 120
"""Strangers of each kind."""
VARIED = Augmentation(
    histogram=0.5, gamma=0.5, contrast=0.3, field=0.06,
    flip=0.5, degrees=15.0, scale=0.25, aspect=0.2, shift=0.12, shear=0.05,
    sharpness=1.0, resolution=0.3, noise=0.03, collimation=0.4, erasing=0.3,
)  # fmt: skip
"""How far X-rays may differ from those of the patients and still be chests to the gate, whatever training does."""


def misplaced(grey: Grey, rule: Preprocessing, seed: int) -> dict[str, Grey]:
    """X-rays (n x size x size) turned, and negative: by kind, up to MOST_SPOILT each."""
    chance = np.random.default_rng(seed)
    ways: dict[str, Way] = {kind: _turned(quarters) for quarters, kind in TURNS.items()}
    ways[NEGATIVE] = _negative
    return {kind: _each(_some(grey, MOST_SPOILT, chance), way, rule, chance) for kind, way in ways.items()}


def broken(grey: Grey, rule: Preprocessing, seed: int) -> dict[str, Grey]:
    """X-rays (n x size x size) that are whole chests no longer, though made of the same stuff: up to MOST_SPOILT."""
    chance = np.random.default_rng(seed)
    return {BROKEN: _each(_some(grey, MOST_SPOILT, chance), _broken, rule, chance)}


def varied(grey: Grey, rule: Preprocessing, seed: int) -> Grey:
    """X-rays (n x size x size) as other machines, exposures and positions might have made them."""
    generator = torch.Generator().manual_seed(seed)
    changed = augment(torch.from_numpy(grey / np.float32(255)), VARIED, generator).numpy()
    return np.stack([_prepared(image, rule) for image in changed])


def painted(count: int, rule: Preprocessing, first: int) -> dict[str, Grey]:
    """`count` strangers of each kind, numbered from `first`."""
    return {
        kind: np.stack([_prepared(strangers.paint(kind, first + n, rule.size), rule) for n in range(count)])
        for kind in strangers.KINDS
    }


def chests(grey: Grey, rule: Preprocessing, seed: int) -> dict[str, Grey]:
    """Up to MOST X-rays as they are, and MOST_VARIED of them varied."""
    chosen = _some(grey, MOST, np.random.default_rng(seed))
    return {CHEST: np.concatenate((chosen, varied(chosen[:MOST_VARIED], rule, seed)))}


def _some(grey: Grey, most: int, chance: np.random.Generator) -> Grey:
    return grey[chance.permutation(len(grey))[:most]]


def _each(grey: Grey, way: Way, rule: Preprocessing, chance: np.random.Generator) -> Grey:
    return np.stack([_prepared(way(image / np.float32(255), chance), rule) for image in grey])


def _prepared(image: NDArray[np.floating], rule: Preprocessing) -> Grey:
    return as_bytes(stretch(np.clip(image, 0, 1).astype(np.float32), rule))


def _turned(quarters: int) -> Way:
    return lambda image, chance: np.rot90(image[:, :: chance.choice((-1, 1))], quarters)


def _negative(image: Floats, chance: np.random.Generator) -> Floats:
    return 1 - np.rot90(image, int(chance.integers(0, 4)) if chance.uniform() < 0.3 else 0)


def _broken(image: Floats, chance: np.random.Generator) -> Floats:
    """Tiles in another order, a part alone, a small copy, or a half."""
    ways = (_shuffled, _part, _small, _half)
    return ways[int(chance.integers(0, len(ways)))](image, chance)


def _shuffled(image: Floats, chance: np.random.Generator) -> Floats:
    count, size = int(chance.choice((2, 4, 8))), len(image)
    tiles = [tile for row in np.array_split(image, count) for tile in np.array_split(row, count, axis=1)]
    side = size // count
    even = [tile[:side, :side] for tile in tiles]
    order = chance.permutation(len(even)).reshape(count, count)
    return _resized(np.block([[even[number] for number in row] for row in order]), size)


def _part(image: Floats, chance: np.random.Generator) -> Floats:
    size = len(image)
    side = int(size * chance.uniform(0.25, 0.45))
    top, left = chance.integers(0, size - side, 2)
    return _resized(image[top : top + side, left : left + side], size)


def _small(image: Floats, chance: np.random.Generator) -> Floats:
    size = len(image)
    side = int(size * chance.uniform(0.2, 0.45))
    top, left = chance.integers(0, size - side, 2)
    ground = np.full_like(image, chance.uniform(0, 1) * chance.integers(0, 2))
    ground[top : top + side, left : left + side] = _resized(image, side)
    return ground


def _half(image: Floats, chance: np.random.Generator) -> Floats:
    middle = len(image) // 2
    halves = (image[:, :middle], image[:, middle:], np.concatenate((image[middle:], image[:middle])))
    return _resized(halves[int(chance.integers(0, 3))], len(image))


def _resized(image: Floats, size: int) -> Floats:
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (size, size), interpolation=cv2.INTER_AREA), np.float32)
