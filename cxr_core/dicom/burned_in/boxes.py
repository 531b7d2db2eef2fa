"""Rectangles of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cxr_core.errors import BadInput


@dataclass(frozen=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right`; the latter of each isn't in it any more."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def part(self) -> tuple[slice, slice]:
        """What to index an image by."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def wider(self, rows: float, columns: float) -> Box:
        """With so many more pixels on each side, be there any in the image or not."""
        more, across = math.ceil(rows), math.ceil(columns)
        return Box(self.top - more, self.left - across, self.bottom + more, self.right + across)

    def enlarged(self, factor: int, shape: tuple[int, ...]) -> Box:
        """The same place in an image of `shape`, `factor` times as large: no pixel less, and some that halving lost."""
        return Box(
            max(0, (self.top - 1) * factor), max(0, (self.left - 1) * factor),
            min(shape[0], (self.bottom + 1) * factor), min(shape[1], (self.right + 1) * factor),
        )  # fmt: skip

    @property
    def turned(self) -> Box:
        """The same with rows and columns exchanged."""
        return Box(self.left, self.top, self.right, self.bottom)

    def meets(self, other: Box) -> bool:
        """Whether a pixel is in both."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def holds(self, other: Box) -> bool:
        """Whether all of `other` is in it."""
        return (
            self.top <= other.top and other.bottom <= self.bottom
            and self.left <= other.left and other.right <= self.right
        )  # fmt: skip


def around(edges: Sequence[float], shape: tuple[int, int]) -> Box:
    """The whole pixels of a picture of `shape` that top, left, bottom and right touch. Raises BadInput for none."""
    if len(edges) != 4 or not all(map(math.isfinite, edges)):
        raise BadInput("a place to blank is told by four numbers: top, left, bottom and right")
    top, left, bottom, right = edges
    box = Box(
        max(0, math.floor(top)), max(0, math.floor(left)),
        min(shape[0], math.ceil(bottom)), min(shape[1], math.ceil(right)),
    )  # fmt: skip
    if box.top >= box.bottom or box.left >= box.right:
        raise BadInput("a place to blank has no pixel of the picture in it: draw it on the picture, or remove it")
    return box


def joined(first: Box, second: Box) -> Box:
    """The smallest that holds both."""
    return Box(
        min(first.top, second.top), min(first.left, second.left),
        max(first.bottom, second.bottom), max(first.right, second.right),
    )  # fmt: skip


def outermost(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """`boxes` without those that another one holds, from top to bottom."""
    kept: list[Box] = []
    for box in sorted(set(boxes), key=lambda box: (box.bottom - box.top) * (box.right - box.left), reverse=True):
        if not any(other.holds(box) for other in kept):
            kept.append(box)
    return tuple(sorted(kept, key=lambda box: (box.top, box.left)))


def as_lists(boxes: Sequence[Box]) -> list[list[int]]:
    """Top, left, bottom and right of each, as they are stored."""
    return [[box.top, box.left, box.bottom, box.right] for box in boxes]
