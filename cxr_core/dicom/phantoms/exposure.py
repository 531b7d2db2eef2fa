"""From anatomy to brightness: a synthetic chest X-ray as a digital detector and its processing show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.phantoms.canvas import Canvas, Field, blurred, clamp, mottle, ramp
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.opacities import opacity_of
from cxr_core.dicom.phantoms.skeleton import bones
from cxr_core.dicom.phantoms.thorax import Anatomy, airways, body, bowel_gas, lungs
from cxr_core.dicom.phantoms.vessels import vessels

LUNG_TISSUE = 0.24
"""Density of aerated lung, as a share of water's."""
WHITE = 65535
"""The brightest value of a picture on its way to a machine's storage."""
BONE = 2.1
"""How much more a beam is weakened by a depth of bone than by water, beyond its place in the body."""


@dataclass(frozen=True)
class Look:
    """How a machine renders what it measures."""

    contrast: float = 1.0
    """Steepness of the tone curve: 1 is usual."""
    flattening: float = 0.2
    """Share of the coarse contrast that the processing removes."""
    detail: float = 0.5
    """How much it lifts fine structure."""
    grain: float = 1.0
    """Noise, as a factor."""


def attenuation(canvas: Canvas, anatomy: Anatomy, number: int, opacity: bool) -> Field:
    """How much each beam is weakened: depth in half-widths of the rib cage, times density (water 1)."""
    depth = lungs(canvas, anatomy)
    blood = np.minimum(vessels(canvas, anatomy, number), depth)
    grainy = 1.0 + 0.07 * mottle(canvas.shape, 7, Chance(number, "parenchyma"))
    air = (1.0 - LUNG_TISSUE) * depth * grainy - 2.0 * blood
    if opacity:
        air = air * (1.0 - opacity_of(canvas, anatomy, number))
    gas = np.minimum(airways(canvas, anatomy) + bowel_gas(canvas, anatomy), 0.6)
    soft = np.maximum(0.0, body(canvas, anatomy) - np.maximum(0.0, air) - gas)
    return blurred(soft + BONE * bones(canvas, anatomy, number), 1)


def brightness(weakened: Field, look: Look, chance: Chance) -> Field:
    """The displayed picture, 0 (black) to 1 (white), before noise."""
    radius = weakened.shape[0] // 7
    coarse = blurred(weakened, radius)
    fine = weakened - blurred(weakened, 9)
    even = weakened - look.flattening * (coarse - 0.75) * ramp(weakened / 0.3) + look.detail * fine
    exposed = even * chance.between(0.94, 1.06) + chance.between(-0.03, 0.03)
    return tone(exposed, look.contrast)


def tone(exposed: Field, contrast: float) -> Field:
    """A film-like curve through (0, 0): steep in the middle, slow to reach white."""
    t = np.maximum(0.0, 0.62 + (exposed - 0.62) * contrast) * ramp(exposed / 0.12)
    square = t * t
    return clamp(1.06 * square / (square + 0.34))


def collimated(grey: NDArray[np.int32], chance: Chance) -> NDArray[np.int32]:
    """`grey` with a dark frame where the collimator's blades kept the beam off."""
    mask = np.zeros_like(grey)
    top, bottom, left, right = (chance.between(0.005, 0.04) for _ in range(4))
    rows, columns = grey.shape
    mask[int(rows * top) : rows - int(rows * bottom), int(columns * left) : columns - int(columns * right)] = 1
    return np.where(mask == 1, grey, 900)


def grained(grey: NDArray[np.int32], amount: float, chance: Chance) -> NDArray[np.int32]:
    """`grey` (0..65535) with detector noise, the sum of two bytes, stronger where the picture is bright."""
    shape = grey.shape[0], grey.shape[1]
    noise = chance.octets(shape).astype(np.int32) + chance.octets(shape) - 255
    strength = int(amount * 10) * (16384 + (grey >> 1)) >> 14
    return np.clip(grey + (noise * strength >> 2), 0, WHITE)
