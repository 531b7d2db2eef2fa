"""Whether a heatmap may be shown. Each doubt hides it, and is said in plain words instead.

Grad-CAM always draws something, and a picture persuades. So a map is kept back where the answer is Normal (there is
nothing to point at: such maps are weak, and most lie outside the chest), where it is empty or even, where most of
its evidence lies outside the chest, where it moves when the image is moved a little, and where its model failed the
check with randomised weights (`sanity`), which asks Grad-CAM alone and stands for the other methods as well.

All but one of these cost a millisecond. Whether a map moves takes a second forward pass, of those images alone that
the model calls Pneumonia or Uncertain and that nothing else speaks against; one shift is enough, because a map that
follows the pixel grid follows it in any direction. `reading.read_all` stays one pass; `reading.trusted` comes after it,
before an opinion is stored, so that no map is ever on a screen unchecked: 30 ms of the second that an upload takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from cxr_core.model import thorax
from cxr_core.model.predict import Model, judge
from cxr_core.records import Floats, Label, Opinion

NORMAL = "The answer is Normal: there is no evidence for pneumonia to point at."
UNLEARNT = "This model's heatmaps don't show what it has learnt: it failed the check with randomised weights."
BROKEN = "The heatmap could not be computed: it holds values that are no numbers."
EMPTY = "The heatmap is empty or even: it points nowhere."
MOVES = "The heatmap is not stable: it changes when the image is moved by a few pixels."
FLAT = 0.05
"""A map whose highest and lowest cell differ by less than this share of the card's scale is even."""
MOSTLY = 0.5
"""The share of the evidence that must lie in the chest."""
SHIFT = 8
"""Pixels of the network's input, to the right and down: less than two films of one child differ by."""
STEADY = 0.5
"""How far the map must agree with that of the shifted image, moved back: what they share, over what either shows."""


def doubts(model: Model, grey: Floats, opinions: Sequence[Opinion]) -> list[str | None]:
    """Why each opinion's heatmap must not be shown, or None; `grey` is what the model saw, n x size x size in 0..1."""
    found = [_of_answer(model, opinion) for opinion in opinions]
    open_ = [number for number, doubt in enumerate(found) if doubt is None]
    if open_:
        for number, covered in zip(open_, thorax.coverage(grey[open_]), strict=True):
            found[number] = flaw(opinions[number].heatmap, covered, model.card.heatmap_scale)
    open_ = [number for number in open_ if found[number] is None]
    if open_:
        again = judge(model, _shifted(grey[open_]))
        for number, other in zip(open_, again, strict=True):
            steady = _is_steady(opinions[number].heatmap, other.heatmap, grey.shape[-1])
            found[number] = None if steady else MOVES
    return found


def doubt_of_drawn(
    model: Model, grey: Floats, heatmap: Floats, redraw: Callable[[Floats], Floats] | None
) -> str | None:
    """What speaks against a map of `grey` (size x size, 0..1) by another method (0..1, its peak is 1), or None.

    `redraw` draws the map of another such image by the same method; without it, nobody asks whether the map moves.
    """
    if not model.card.heatmap_check.passed:
        return UNLEARNT
    doubt = flaw(heatmap, thorax.coverage(grey[None])[0], 1.0)
    if doubt or redraw is None:
        return doubt
    return None if _is_steady(heatmap, redraw(_shifted(grey[None])[0]), grey.shape[-1]) else MOVES


def flaw(heatmap: Floats, covered: Floats, scale: float) -> str | None:
    """What speaks against a 7 x 7 map by itself, or None: `covered` is the share of each cell that is thorax (0..1).

    `scale` is what a strong map's peak is, in the map's unit.
    """
    if not np.isfinite(heatmap).all():
        return BROKEN
    if np.ptp(heatmap) < FLAT * scale:
        return EMPTY
    inside = float((heatmap * covered).sum() / heatmap.sum())
    return None if inside >= MOSTLY else f"Most of the evidence ({100 * (1 - inside):.0f} %) lies outside the chest."


def agreement(one: Floats, other: Floats) -> float:
    """What two maps (cells not negative) share, over what either shows, 0..1: the weighted Jaccard index."""
    either = float(np.maximum(one, other).sum())
    return float(np.minimum(one, other).sum()) / either if either else 0.0


def _of_answer(model: Model, opinion: Opinion) -> str | None:
    if opinion.label is Label.NORMAL:
        return NORMAL
    return None if model.card.heatmap_check.passed else UNLEARNT


def _is_steady(heatmap: Floats, of_shifted: Floats, size: int) -> bool:
    """Whether a map agrees with that of the same image (size x size) shifted."""
    return agreement(heatmap, _moved_back(of_shifted, size)) >= STEADY


def _shifted(grey: Floats) -> Floats:
    """The images moved SHIFT pixels to the right and down; the edge is repeated."""
    size = grey.shape[-1]
    return np.pad(grey, ((0, 0), (SHIFT, 0), (SHIFT, 0)), mode="edge")[:, :size, :size]


def _moved_back(heatmap: Floats, size: int) -> Floats:
    """The map of a shifted image of size x size, as it would lie on the image itself."""
    cells = SHIFT * heatmap.shape[0] / size
    back = np.array([[1, 0, -cells], [0, 1, -cells]])
    moved = cv2.warpAffine(heatmap, back, heatmap.shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
