"""What the pictures of `others` are drawn with: thickness along a beam, soft edges, noise, and a film's curve."""

from __future__ import annotations

import cv2
import numpy as np


def grid(shape):
    """y from -1 to 1 down, x to scale across."""
    rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns]
    return (2 * y - rows) / rows, (2 * x - columns) / rows


def _away(x, y, cx, cy, rx, ry, angle):
    across, down = x - cx, y - cy
    u, v = across * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - across * np.sin(angle)
    return (u / rx) ** 2 + (v / ry) ** 2


def ellipsoid(x, y, cx, cy, rx, ry, angle=0.0):
    """Its thickness along the beam, 1 in the middle."""
    return np.sqrt(np.clip(1 - _away(x, y, cx, cy, rx, ry, angle), 0, None))


def inside(x, y, cx, cy, rx, ry, angle=0.0):
    """1 within an ellipse, 0 outside, soft at its edge."""
    return smooth((1 - _away(x, y, cx, cy, rx, ry, angle)) * min(rx, ry) / 0.03 + 0.5)


def rod(x, y, start, end, radius):
    """The thickness of a round rod from start to end."""
    (ax, ay), (bx, by) = start, end
    length = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
    along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1)
    aside = (x - ax - along * (bx - ax)) ** 2 + (y - ay - along * (by - ay)) ** 2
    return 2 * np.sqrt(np.clip(radius**2 - aside, 0, None))


def bone(x, y, start, end, radius):
    """A rod with a dense wall, thicker at its ends."""
    ends = np.maximum(rod(x, y, start, start, radius * 1.25), rod(x, y, end, end, radius * 1.25)) * 0.7
    return np.maximum(rod(x, y, start, end, radius) - 0.6 * rod(x, y, start, end, radius * 0.6), ends)


def smooth(value):
    t = np.clip(value, 0, 1)
    return t * t * (3 - 2 * t)


def speckle(chance, shape, width):
    """Soft noise with hills about `width` pixels wide, spread over 0..1."""
    hills = cv2.GaussianBlur(chance.normal(size=shape), (0, 0), float(width))
    return (hills - hills.min()) / np.ptp(hills)


def cloud(chance, shape):
    """Noise of all sizes, as in natural scenes, spread over 0..1."""
    total = sum(2.0**octave * cv2.GaussianBlur(chance.normal(size=shape), (0, 0), 2.0**octave) for octave in range(6))
    return (total - total.min()) / np.ptp(total)


def levels(shown):
    return np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)


def film(depth, chance):
    """Thickness along the beam as a film shows it, a little blurred and grainy."""
    exposed = cv2.GaussianBlur(np.asarray(depth, np.float64), (0, 0), 0.8) * chance.uniform(0.8, 1.25)
    shown = 1.06 * exposed**2 / (exposed**2 + chance.uniform(0.2, 0.4))
    return levels(shown + chance.normal(0, chance.uniform(0.005, 0.02), shown.shape))


def turned_at_will(picture, chance):
    return np.ascontiguousarray(picture[:, ::-1]) if chance.uniform() < 0.5 else picture
