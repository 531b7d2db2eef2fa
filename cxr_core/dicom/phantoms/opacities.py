"""What pneumonia does to a synthetic lung: the share of its air that is replaced along each beam."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxr_core.dicom.phantoms.canvas import Canvas, Field, blurred, bump, clamp, mottle, ramp
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.thorax import Anatomy, diaphragm, outer_edge

_LOBES = ((-0.2, 0.42, 0.1, 0.06), (0.4, 0.75, 0.08, 0.25), (0.5, 1.4, 0.35, 0.1), (0.62, 1.4, 0.3, 0.1))
"""Top and bottom as shares of the lung's height, and how soft each is: upper, middle (or lingula), lower twice."""
Pattern = Callable[[Canvas, Anatomy, Chance], Field]


def opacity_of(canvas: Canvas, anatomy: Anatomy, number: int) -> Field:
    """The share (0..1) of air that is replaced: a pattern that falls to this number, over haze about both hila."""
    chance = Chance(number, "opacity")
    pattern, haze = chance.pick(_PATTERNS)
    clear = 1.0 - chance.between(0.65, 1.0) * clamp(pattern(canvas, anatomy, chance))
    haze *= chance.between(0.85, 1.0)
    return 1.0 - clear * (1.0 - haze * clamp(_perihilar(canvas, anatomy, chance)))


def _blob(canvas: Canvas, centre: tuple[float, float], size: tuple[float, float]) -> Field:
    across, up = (canvas.x - centre[0]) / size[0], (canvas.y - centre[1]) / size[1]
    return bump(np.sqrt(across * across + up * up))


def _place(anatomy: Anatomy, side: float, out: float, down: float) -> tuple[float, float]:
    """A point of the lung on `side`: `out` from the midline to the chest wall, `down` from top to dome, both 0..1."""
    y = down * anatomy.lung_height
    return side * out * float(outer_edge(anatomy, np.array(y))), y


def _heap(canvas: Canvas, centre: tuple[float, float], size: float, chance: Chance) -> Field:
    """An irregular heap: some blobs around `centre`."""
    heap = _blob(canvas, centre, (size, size * 0.9))
    for _ in range(3):
        near = (centre[0] + chance.between(-0.6, 0.6) * size, centre[1] + chance.between(-0.6, 0.6) * size)
        heap = np.maximum(heap, _blob(canvas, near, (size * chance.between(0.5, 0.9), size * chance.between(0.5, 0.8))))
    return heap


def _texture(canvas: Canvas, chance: Chance) -> Field:
    """Around 1: how unevenly lung fills."""
    fine, coarse = mottle(canvas.shape, 14, chance), mottle(canvas.shape, 44, chance)
    return 1.0 + 0.3 * fine + 0.5 * coarse


def _lobar(canvas: Canvas, anatomy: Anatomy, chance: Chance) -> Field:
    """One lobe or the greater part of one: sharp at the fissure, soft elsewhere."""
    side = chance.pick((-1.0, 1.0))
    top, bottom, above, below = chance.pick(_LOBES)
    down = canvas.y / anatomy.lung_height + chance.between(-0.05, 0.05) + 0.12 * mottle(canvas.shape, 50, chance)
    lobe = ramp((down - top) / above) * ramp((bottom - down) / below)
    across = (canvas.x * side - chance.between(0.3, 0.5)) / chance.between(0.55, 0.8)
    return blurred(clamp(1.6 * lobe * bump(across) * _texture(canvas, chance)), 4) * chance.between(0.8, 1.0)


def _patchy(canvas: Canvas, anatomy: Anatomy, chance: Chance) -> Field:
    """Bronchopneumonia: soft patches, mostly low, in one lung or both."""
    total = np.zeros(canvas.shape)
    sides = chance.pick(((-1.0,), (1.0,), (-1.0, 1.0), (-1.0, 1.0)))
    for _ in range(chance.whole(5, 9)):
        centre = _place(anatomy, chance.pick(sides), chance.between(0.25, 0.75), chance.between(0.35, 0.98))
        patch = _heap(canvas, centre, chance.between(0.16, 0.32), chance)
        total = np.maximum(total, patch * chance.between(0.6, 1.0))
    return blurred(clamp(1.2 * total * _texture(canvas, chance)), 7)


def _perihilar(canvas: Canvas, anatomy: Anatomy, chance: Chance) -> Field:
    """Interstitial: haze and coarse markings that fade from the hila outwards."""
    haze = np.zeros(canvas.shape)
    for side in (-1.0, 1.0):
        centre = _place(anatomy, side, chance.between(0.3, 0.4), chance.between(0.5, 0.7))
        haze = np.maximum(haze, _blob(canvas, centre, (chance.between(0.6, 0.85), chance.between(0.7, 1.0))))
    markings = 0.25 * mottle(canvas.shape, 8, chance) + 0.3 * mottle(canvas.shape, 18, chance)
    return np.sqrt(haze) * (chance.between(0.68, 0.88) + markings + 0.3 * mottle(canvas.shape, 40, chance))


def _bilateral(canvas: Canvas, anatomy: Anatomy, chance: Chance) -> Field:
    """Both lungs, denser towards the bases."""
    depth = ramp(canvas.y / diaphragm(anatomy, canvas.x) * 0.9 + 0.2)
    return depth * chance.between(0.45, 0.7) * _texture(canvas, chance)


_PATTERNS: tuple[tuple[Pattern, float], ...] = (
    (_lobar, 0.8), (_lobar, 0.9), (_patchy, 0.85), (_patchy, 0.95), (_perihilar, 0.9), (_bilateral, 0.85)
)  # fmt: skip
"""The patterns that fall with equal chance, each with the strength of the haze that goes with it."""
