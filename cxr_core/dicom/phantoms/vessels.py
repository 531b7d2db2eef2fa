"""The vessels of a synthetic child's lungs: two trees that branch and taper from the hila."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxr_core.dicom.phantoms.canvas import Canvas, Field, bump
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.thorax import Anatomy


@dataclass(frozen=True)
class Twig:
    """A straight piece of vessel: where it starts, its unit direction, its length and its radii."""

    x: float
    y: float
    along: tuple[float, float]
    length: float
    radius: float

    @property
    def end(self) -> tuple[float, float]:
        """Where it ends."""
        return self.x + self.along[0] * self.length, self.y + self.along[1] * self.length


def vessels(canvas: Canvas, anatomy: Anatomy, number: int) -> Field:
    """Depth of blood along each beam, on the lung's side of the hila and beyond (the lung's depth limits it)."""
    chance = Chance(number, "vessels")
    total = np.zeros(canvas.shape)
    for side in (-1.0, 1.0):
        hilum = _hilum(side, anatomy)
        for twig in _tree(side, hilum, chance):
            _draw(total, canvas, twig)
        across, down = (canvas.x - hilum[0]) / 0.13, (canvas.y - hilum[1]) / 0.2
        total += 0.05 * bump(np.sqrt(across * across + down * down))
    return total


def _hilum(side: float, anatomy: Anatomy) -> tuple[float, float]:
    """Where the vessels enter: the left hilum lies a little higher."""
    return side * 0.24 + anatomy.turn, 0.50 * anatomy.lung_height / 1.25 + (0.0 if side < 0 else -0.04)


def _tree(side: float, hilum: tuple[float, float], chance: Chance) -> list[Twig]:
    growing = []
    for slope in (-2.6, -1.2, -0.4, 0.3, 0.9, 1.7, 3.0):
        along = _unit(side, slope + chance.between(-0.25, 0.25))
        growing.append(Twig(*hilum, along, chance.between(0.09, 0.14), chance.between(0.021, 0.03)))
    grown: list[Twig] = []
    while growing:
        twig = growing.pop()
        grown.append(twig)
        if twig.radius > 0.0055:
            growing.extend(_onwards(twig, chance))
    return grown


def _onwards(twig: Twig, chance: Chance) -> list[Twig]:
    """What follows a twig: a bend, or two branches."""
    turn = chance.between(0.15, 0.55)
    if chance.happens(0.4):
        return [_child(twig, chance.pick((-0.6, 0.6)) * turn, 0.9, chance)]
    return [_child(twig, turn, 0.72, chance), _child(twig, -0.8 * turn, 0.76, chance)]


def _child(twig: Twig, bend: float, share: float, chance: Chance) -> Twig:
    along = _unit(twig.along[0] - bend * twig.along[1], twig.along[1] + bend * twig.along[0])
    length, radius = twig.length * chance.between(0.75, 0.98), twig.radius * share * chance.between(0.9, 1.08)
    return Twig(*twig.end, along, length, radius)


def _unit(x: float, y: float) -> tuple[float, float]:
    length = float(np.sqrt(x * x + y * y))
    return x / length, y / length


def _draw(total: Field, canvas: Canvas, twig: Twig) -> None:
    """Add a tapering tube's depth to `total`."""
    end, margin = twig.end, twig.radius + canvas.step
    across = (min(twig.x, end[0]) - margin, max(twig.x, end[0]) + margin)
    part = canvas.part(across, (min(twig.y, end[1]) - margin, max(twig.y, end[1]) + margin))
    x, y = canvas.x[part] - twig.x, canvas.y[part[0]] - twig.y
    along = np.minimum(np.maximum(x * twig.along[0] + y * twig.along[1], 0.0), twig.length)
    aside_x, aside_y = x - along * twig.along[0], y - along * twig.along[1]
    radius = twig.radius * (1.0 - 0.3 * along / twig.length)
    depth = 2.0 * np.sqrt(np.maximum(0.0, radius * radius - aside_x * aside_x - aside_y * aside_y))
    # Where two twigs meet the deeper one counts: a sum would make beads.
    total[part] = np.maximum(total[part], depth)
