"""Shapes on a grid, in arithmetic that gives the same bits on every machine.

Only + - * / and square roots, one element at a time in float64 (IEEE 754 fixes their last bit), and
sums of integers. No exponentials, no sines, no float sums, no BLAS: their last bits depend on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.phantoms.chance import Chance

Field = NDArray[np.float64]
_FIXED = 1 << 20
_ROOM = 0.08


@dataclass(frozen=True)
class Canvas:
    """Where each point of the grid lies in the body: in half-widths of the rib cage, y down from the lung's top."""

    x: Field
    """rows x columns, from the middle of the spine; the patient's right is negative."""
    y: Field
    """rows x 1."""
    step: float
    """Distance between two points."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.x.shape[0], self.x.shape[1]

    def rows(self, low: float, high: float) -> slice:
        """The rows that hold y in low..high."""
        first = (low - float(self.y[0, 0])) / self.step
        last = (high - float(self.y[0, 0])) / self.step
        return slice(max(0, int(first)), max(0, int(last) + 2))

    def part(self, x: tuple[float, float], y: tuple[float, float]) -> tuple[slice, slice]:
        """The block that surely holds the rectangle x by y, with room for the warp of x."""
        rows = self.rows(*y)
        if rows.start >= min(rows.stop, self.shape[0]):
            return slice(0, 0), slice(0, 0)
        top, bottom = float(self.x[rows.start, 0]), float(self.x[min(rows.stop, self.shape[0]) - 1, 0])
        first = (x[0] - max(top, bottom) - _ROOM) / self.step
        last = (x[1] - min(top, bottom) + _ROOM) / self.step
        return rows, slice(max(0, int(first)), max(0, int(last) + 2))


def clamp(value: Field) -> Field:
    """`value` kept in 0..1."""
    return np.minimum(np.maximum(value, 0.0), 1.0)


def ramp(value: Field) -> Field:
    """0 below 0, 1 above 1, and a smooth cubic between."""
    t = clamp(value)
    return t * t * (3.0 - 2.0 * t)


def arc(value: Field) -> Field:
    """A half circle: the thickness of a round body, 1 in the middle, 0 at -1 and 1 and beyond."""
    return np.sqrt(np.maximum(0.0, 1.0 - value * value))


def bump(value: Field) -> Field:
    """A soft hill: 1 in the middle, 0 at -1 and 1 and beyond."""
    t = np.maximum(0.0, 1.0 - value * value)
    return t * t


def curve(points: tuple[tuple[float, float], ...], at: Field) -> Field:
    """A smooth curve through `points` (place, value; places rising), level beyond both ends, read at `at`."""
    places = np.array([place for place, _ in points])
    values = np.array([value for _, value in points])
    slopes = np.zeros_like(values)
    slopes[1:-1] = (values[2:] - values[:-2]) / (places[2:] - places[:-2])
    index = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(places) - 2)
    width = places[index + 1] - places[index]
    t = clamp((at - places[index]) / width)
    rest = 1.0 - t
    ends = values[index] * rest * rest * (1.0 + 2.0 * t) + values[index + 1] * t * t * (3.0 - 2.0 * t)
    bends: Field = width * t * rest * (slopes[index] * rest - slopes[index + 1] * t)
    return ends + bends


def blurred(field: Field, radius: int) -> Field:
    """`field` after two box means of 2 * radius + 1 points each way; the border is repeated."""
    whole = (field * _FIXED).astype(np.int64)
    for axis in (0, 1, 0, 1):
        whole = _box_mean(whole, radius, axis)
    return whole / _FIXED


def _box_mean(whole: NDArray[np.int64], radius: int, axis: int) -> NDArray[np.int64]:
    span = 2 * radius + 1
    margins = [(radius + 1, radius) if this == axis else (0, 0) for this in (0, 1)]
    sums = np.cumsum(np.pad(whole, margins, mode="edge"), axis=axis)
    upper, lower = (sums[span:], sums[:-span]) if axis == 0 else (sums[:, span:], sums[:, :-span])
    return (upper - lower) // span


def enlarged(whole: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Integers (below 2^16) on a coarse grid spread over `shape` points, bilinear, in fixed-point arithmetic."""
    tall = _stretched(whole.astype(np.int32), shape[0], 0)
    return _stretched(tall, shape[1], 1)


def _stretched(whole: NDArray[np.int32], length: int, axis: int) -> NDArray[np.int32]:
    place = np.arange(length, dtype=np.int64) * ((whole.shape[axis] - 1) << 10) // max(1, length - 1)
    index = np.minimum(place >> 10, whole.shape[axis] - 2)
    weight = (place - (index << 10)).astype(np.int32)
    weight = weight[:, None] if axis == 0 else weight[None, :]
    near, far = np.take(whole, index, axis=axis), np.take(whole, index + 1, axis=axis)
    between: NDArray[np.int32] = near + (((far - near) * weight) >> 10)
    return between


def mottle(shape: tuple[int, int], cell: int, chance: Chance) -> Field:
    """Soft random hills and hollows about `cell` points wide, in -1..1."""
    coarse = chance.octets((shape[0] // cell + 3, shape[1] // cell + 3))
    return blurred(enlarged(coarse, shape) / 127.5 - 1.0, max(1, cell // 2))
