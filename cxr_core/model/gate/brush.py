"""Shapes to paint with, on a square from -1 to 1: thickness along a beam, soft edges, and noise of every grain."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]
Place = tuple[float, float]


@dataclass(frozen=True)
class Canvas:
    """A square picture's points, x to the right and y down, and the chance that decides what is painted."""

    x: Field
    y: Field
    chance: np.random.Generator

    @classmethod
    def of(cls, size: int, chance: np.random.Generator) -> Canvas:
        """size x size points, moved, turned and stretched a little: nothing lies quite straight."""
        y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
        turn, across, down = chance.uniform(-0.2, 0.2), *chance.uniform(0.8, 1.2, 2)
        moved_x, moved_y = x - chance.uniform(-0.12, 0.12), y - chance.uniform(-0.12, 0.12)
        return cls(
            across * (moved_x * np.cos(turn) + moved_y * np.sin(turn)),
            down * (moved_y * np.cos(turn) - moved_x * np.sin(turn)),
            chance,
        )

    def ball(self, centre: Place, radii: Place, turn: float = 0.0) -> Field:
        """Thickness of an ellipsoid, 1 in its middle."""
        across, down = self.x - centre[0], self.y - centre[1]
        u = (across * np.cos(turn) + down * np.sin(turn)) / radii[0]
        v = (down * np.cos(turn) - across * np.sin(turn)) / radii[1]
        thickness: Field = np.sqrt(np.maximum(0.0, 1 - u * u - v * v))
        return thickness

    def disc(self, centre: Place, radii: Place, turn: float = 0.0) -> Field:
        """1 within an ellipse, 0 outside, with an edge a pixel or two wide."""
        return np.minimum(1.0, 4 * self.ball(centre, radii, turn))

    def rod(self, start: Place, end: Place, radius: float) -> Field:
        """Thickness of a rod with round ends, 1 along its middle."""
        (ax, ay), (bx, by) = start, end
        dx, dy = bx - ax, by - ay
        along = np.clip(((self.x - ax) * dx + (self.y - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        aside = (self.x - ax - along * dx) ** 2 + (self.y - ay - along * dy) ** 2
        thickness: Field = np.sqrt(np.maximum(0.0, 1 - aside / radius**2))
        return thickness

    def bone(self, start: Place, end: Place, radius: float) -> Field:
        """A rod with a dense wall and thicker ends."""
        shaft = self.rod(start, end, radius) - 0.5 * self.rod(start, end, 0.6 * radius)
        ends = np.maximum(self.rod(start, start, 1.4 * radius), self.rod(end, end, 1.4 * radius))
        return np.maximum(shaft, 0.7 * ends)

    def grain(self, width: float) -> Field:
        """Soft noise with hills about `width` pixels wide, spread over 0..1."""
        soft = cv2.GaussianBlur(self.chance.normal(size=self.x.shape), (0, 0), max(width, 0.3))
        return spread(soft.astype(np.float64))

    def cloud(self) -> Field:
        """Noise of every grain at once, the coarser the stronger, as in natural scenes; 0..1."""
        rough = self.chance.uniform(0.6, 2.2)
        layers = (rough**octave * (self.grain(2.0**octave) - 0.5) for octave in range(6))
        return spread(np.sum(list(layers), axis=0))


def spread(field: Field) -> Field:
    """`field` moved and scaled to 0..1."""
    return (field - field.min()) / max(float(np.ptp(field)), 1e-9)


def film(depth: Field, chance: np.random.Generator) -> Field:
    """What an X-ray machine shows of a thickness: brightness in 0..1, a little soft and grainy."""
    exposed = cv2.GaussianBlur(np.maximum(depth, 0.0), (0, 0), chance.uniform(0.4, 1.4)) * chance.uniform(0.7, 1.5)
    shown = exposed**2 / (exposed**2 + chance.uniform(0.15, 0.5))
    return np.clip(shown + chance.normal(0, chance.uniform(0.003, 0.03), depth.shape), 0, 1)
