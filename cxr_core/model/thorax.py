"""Where the thorax is on the network's input: two dark lungs beside a bright middle, found by fitting a template.

No network and no data set: the template is a few curves set by hand, as a radiologist would sketch a chest, laid
over the image at every place, size and tilt of a coarse grid, as least squares would choose (Pearson's correlation),
where an unlikely place has to explain more. A whole lung may be white, letters and borders may be bright or black:
what is left of the pattern still says where it lies. Where several places explain the image nearly as well, the
thorax is all of them. The answer is generous, because it serves to tell evidence in the chest from evidence in
letters, corners, borders, arms and the abdomen, and not to outline lungs.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.records import Floats

GRID = 28
"""Rows and columns on which the template is fitted; the heatmap has a quarter as many."""
CELLS = 7
Mask = NDArray[np.bool_]
_OUTER = ((-0.05, 0.25), (0.05, 0.48), (0.2, 0.68), (0.4, 0.82), (0.7, 0.95), (1.0, 1.0))
"""The lungs' outer edge, in half-widths of the rib cage, by height: 0 at the lungs' top, 1 at the domes."""
_INNER = ((-0.05, 0.15), (0.3, 0.2), (0.6, 0.26), (1.0, 0.38), (1.3, 0.4))
"""The edge of the mediastinum and the heart, the mean of both sides."""
_ROOM = 0.16
"""How far the thorax reaches beyond the lungs' outer edge, in half-widths: chest wall, and room for error."""
_ABOVE, _BELOW = -0.1, 1.22
"""From where to where it reaches in height: from above the collar bones to the depth of the costophrenic angles."""
_DARK = 0.12
"""Below this, what touches the edge of the image is no body."""


@dataclass(frozen=True)
class _Place:
    """Where a chest lies in an image, in shares of its width and height, and how it is tilted."""

    centre: float
    """Of the rib cage, from the left."""
    half_width: float
    """Half the rib cage."""
    top: float
    """Of the lungs, from above."""
    height: float
    """From the lungs' top to the domes."""
    tilt: float
    """Radians, clockwise, about the middle of the chest."""


_USUAL = _Place(0.5, 0.40, 0.14, 0.64, 0.0)
_SPREAD = _Place(0.08, 0.07, 0.09, 0.14, 0.15)
"""What is usual in a frontal chest X-ray, and by how much it varies."""
_DOUBT = 0.03
"""The correlation by which an unlikely place must be better, for each squared spread that it lies off."""
_NEARLY = 0.03
"""Places whose correlation is less than this below the best one's explain the image nearly as well."""
_PLACES = tuple(
    _Place(*values)
    for values in product(
        (0.38, 0.44, 0.5, 0.56, 0.62), (0.28, 0.34, 0.40, 0.46), (0.02, 0.08, 0.14, 0.2, 0.26),
        (0.42, 0.5, 0.58, 0.66, 0.74, 0.82), (-0.26, -0.13, 0.0, 0.13, 0.26),
    )
)  # fmt: skip


def coverage(grey: Floats) -> Floats:
    """The share of each of the heatmap's 7 x 7 cells that is thorax, 0..1, in each of n x size x size images (0..1)."""
    step = GRID // CELLS
    return outlines(grey).reshape(-1, CELLS, step, CELLS, step).mean((2, 4)).astype(np.float32)


def outlines(grey: Floats) -> Mask:
    """n x GRID x GRID, true in the thorax, for n x size x size images (0..1)."""
    templates, doubts, masks = _bank()
    fits = np.stack([_even(image) for image in grey]).reshape(len(grey), -1) @ templates.T - doubts
    near = fits >= fits.max(1, keepdims=True) - _NEARLY
    return np.stack([masks[each].any(0) for each in near])


def _even(image: Floats) -> Floats:
    """GRID x GRID, of mean 0 and length 1 over the body, so exposure, letters and borders matter little."""
    small = cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    body = ~_background(small)
    if not body.any():
        return np.zeros_like(small)
    clipped = np.clip(small, *np.percentile(small[body], (5, 95)))
    flat = np.where(body, clipped - clipped[body].mean(), 0)
    return (flat / max(float(np.linalg.norm(flat)), 1e-6)).astype(np.float32)


def _background(image: Floats) -> Mask:
    """What is dark from the image's edge inwards: air beside the body, and the collimator's blades."""
    _, parts = cv2.connectedComponents((image < _DARK).astype(np.uint8))
    edge = np.concatenate((parts[0], parts[-1], parts[:, 0], parts[:, -1]))
    found: Mask = np.isin(parts, edge[edge > 0])
    return found


@cache
def _bank() -> tuple[Floats, NDArray[np.float64], Mask]:
    """Of every place the template, of length 1, the doubt, and the thorax."""
    templates = np.stack([_template(place).ravel() for place in _PLACES])
    lengths = np.linalg.norm(templates, axis=1, keepdims=True)
    off = (np.array([astuple(place) for place in _PLACES]) - astuple(_USUAL)) / astuple(_SPREAD)
    return templates / lengths, _DOUBT * (off**2).sum(1), np.stack([_mask(place) for place in _PLACES])


def _template(place: _Place) -> Floats:
    """Lungs dark, what encloses them bright, all else neither, softened; its bright and dark parts weigh the same."""
    side, height = _seen_from(place)
    outer, inner = _curve(_OUTER, height), _curve(_INNER, height)
    lung = (side > inner) & (side < outer) & (height > 0) & (height < 1.05)
    frame = (side < outer + 0.3) & (height > -0.2) & (height < 1.35) & ~lung
    soft = cv2.GaussianBlur(frame / max(1, frame.sum()) - lung / max(1, lung.sum()), (0, 0), 0.7)
    return np.asarray(soft, np.float32)


def _mask(place: _Place) -> Mask:
    side, height = _seen_from(place)
    return (side < _curve(_OUTER, height) + _ROOM) & (height > _ABOVE) & (height < _BELOW)


def _seen_from(place: _Place) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each grid point's distance from the midline in half-widths, and its height in the lungs' heights."""
    at = (np.arange(GRID) + 0.5) / GRID
    across, down = at[None, :] - place.centre, at[:, None] - place.top - place.height / 2
    cosine, sine = np.cos(place.tilt), np.sin(place.tilt)
    right, below = across * cosine + down * sine, down * cosine - across * sine
    return np.abs(right) / place.half_width, below / place.height + 0.5


def _curve(points: tuple[tuple[float, float], ...], at: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(at, [place for place, _ in points], [value for _, value in points])
