"""The soft parts of a synthetic child's chest: how thick tissue and air are along each beam.

Lengths are in half-widths of the rib cage. Nothing is taken from a person: every outline is a curve
through a few points that were set by hand, moved by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxr_core.dicom.phantoms.canvas import Canvas, Field, arc, bump, clamp, curve, mottle, ramp
from cxr_core.dicom.phantoms.chance import Chance

_OUTER = ((-0.02, 0.24), (0.03, 0.40), (0.10, 0.50), (0.22, 0.62), (0.40, 0.76), (0.65, 0.88), (0.95, 0.97),
          (1.25, 1.0), (1.7, 0.98))  # fmt: skip
_LEFT_BORDER = ((-0.1, 0.13), (0.1, 0.17), (0.22, 0.23), (0.36, 0.23), (0.52, 0.31), (0.75, 0.45), (0.95, 0.55),
                (1.15, 0.60), (1.3, 0.56), (1.5, 0.40))  # fmt: skip
_RIGHT_BORDER = ((-0.1, 0.13), (0.1, 0.18), (0.35, 0.20), (0.55, 0.24), (0.75, 0.31), (0.95, 0.35), (1.15, 0.32),
                 (1.4, 0.24))  # fmt: skip
_BODY = ((-0.7, 0.9), (-0.3, 1.0), (-0.1, 1.2), (0.15, 1.25), (0.4, 1.24), (0.8, 1.22), (1.2, 1.21),
         (1.8, 1.20))  # fmt: skip
_WARP = 0.03
_CAVITY = ((0.0, 0.58), (0.3, 0.72), (0.7, 0.80), (1.0, 0.88), (1.5, 0.92))
_DEPTH = ((-0.7, 0.62), (-0.3, 0.56), (0.0, 0.64), (0.2, 0.76), (0.6, 0.92), (1.2, 1.0), (1.8, 1.06))


@dataclass(frozen=True)
class Anatomy:
    """One invented child: sizes as factors or in half-widths of the rib cage."""

    age: int
    """Whole years, 1 to 5."""
    half_width: float
    """Half the rib cage's width as a share of the picture's width."""
    top: float
    """Where the lung's top lies, as a share of the picture's height."""
    shift: float
    """How far the spine lies from the middle of the picture."""
    lean: float
    """How far the spine leans, in half-widths a half-width."""
    bend: float
    """How far the spine bends."""
    turn: float
    """Rotation: moves heart and mediastinum against the spine."""
    lung_height: float
    """From the lung's top to the right dome: deep or shallow breath."""
    left_drop: float
    """How much lower the left dome is."""
    dome: float
    """How high the domes arch."""
    heart: float
    """Factor on the heart's width."""
    thymus: float
    """Width that the thymus adds to the upper mediastinum."""
    flesh: float
    """Soft tissue outside the ribs, as a factor."""
    arms: float
    """How far the arms are raised: 0 down, 1 up."""
    bubble: float
    """Size of the stomach's gas, 0 for none."""
    chin: float
    """How far the lower jaw reaches into the picture; negative for not at all."""
    ossified: float
    """How dense the bones are, as a factor."""


def anatomy_of(number: int) -> Anatomy:
    """The invented child with this number."""
    chance = Chance(number, "anatomy")
    age = chance.whole(1, 5)
    young = (5 - age) / 4
    return Anatomy(
        age=age,
        half_width=chance.between(0.345, 0.405),
        top=chance.between(0.14, 0.22),
        shift=chance.between(-0.06, 0.06),
        lean=chance.between(-0.04, 0.04),
        bend=chance.between(-0.03, 0.03),
        turn=chance.between(-0.05, 0.05),
        lung_height=chance.between(1.16, 1.36) - 0.06 * young,
        left_drop=chance.between(0.02, 0.10),
        dome=chance.between(0.20, 0.30),
        heart=chance.between(0.9, 1.06) + 0.05 * young,
        thymus=chance.between(0.02, 0.09) * young if chance.happens(0.4) else 0.0,
        flesh=chance.between(0.85, 1.2),
        arms=chance.between(0.3, 1.0),
        bubble=chance.between(0.5, 1.0) if chance.happens(0.5) else 0.0,
        chin=chance.between(0.02, 0.12) if chance.happens(0.5) else -1.0,
        ossified=chance.between(0.85, 1.15),
    )


def canvas_of(anatomy: Anatomy, shape: tuple[int, int], number: int) -> Canvas:
    """The grid (rows x columns) laid over the child's chest, a little warped: nobody is drawn with a ruler."""
    rows, columns = shape
    # A picture taller than usual shows more of the body both ways, rather than a smaller child.
    step = 1.0 / (anatomy.half_width * columns * float(np.sqrt(1.28 * rows / columns)))
    y = (np.arange(rows, dtype=np.float64)[:, None] - anatomy.top * rows) * step
    middle = anatomy.shift + anatomy.lean * y + anatomy.bend * bump(y - 0.6)
    x = (np.arange(columns, dtype=np.float64)[None, :] - columns / 2) * step - middle
    x += _WARP * mottle(shape, shape[0] // 7, Chance(number, "warp"))
    return Canvas(x, y, step)


def outer_edge(anatomy: Anatomy, y: Field) -> Field:
    """The lung's outer edge at height y, from the midline."""
    return curve(_OUTER, y * (1.28 / anatomy.lung_height))


def diaphragm(anatomy: Anatomy, x: Field) -> Field:
    """The height of the domes at x: steep to the outer side, shallow to the inner."""
    side = np.abs(x)
    from_top = side - 0.42
    fall = np.where(from_top > 0, 1.05, 0.28) * anatomy.dome / 0.25
    drop = np.where(x > 0, anatomy.left_drop, 0.0)
    outwards = np.maximum(0.0, side - 0.8)
    return anatomy.lung_height + drop + fall * from_top * from_top + 1.5 * outwards * outwards


def mediastinum(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Depth of heart, great vessels and thymus along each beam."""
    y = canvas.y * (1.28 / anatomy.lung_height)
    swell = 1.0 + (anatomy.heart - 1.0) * ramp((y - 0.3) / 0.5)
    thymus = anatomy.thymus * bump((y - 0.35) / 0.4)
    left = curve(_LEFT_BORDER, y) * swell + thymus + anatomy.turn
    right = curve(_RIGHT_BORDER, y) * swell + 0.6 * thymus - anatomy.turn
    across = (canvas.x - (left - right) / 2) / ((left + right) / 2)
    return 0.80 * arc(across)


def body(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Depth of the whole body along each beam, lungs counted as tissue."""
    side = np.abs(canvas.x)
    outline = 1.0 + (curve(_BODY, canvas.y) - 1.0) * anatomy.flesh
    across = side / outline
    trunk = curve(_DEPTH, canvas.y) * (0.85 * arc(across) + 0.15 * arc(across * across))
    neck = 0.2 * bump(canvas.x / 0.6) * ramp((0.05 - canvas.y) / 0.3)
    return np.maximum(trunk + neck, _arms(canvas, anatomy))


def _arms(canvas: Canvas, anatomy: Anatomy) -> Field:
    beyond = ramp((np.abs(canvas.x) - 0.6) / 0.5)
    return 0.6 * anatomy.flesh * arc(arm_distance(canvas, anatomy) / 0.3) * beyond


def arm_distance(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Distance from the upper arm's middle line, which leaves the shoulder outwards and, raised, upwards."""
    slope = 0.9 - 2.9 * anatomy.arms
    out = np.maximum(0.0, np.abs(canvas.x) - 0.78)
    return (canvas.y - 0.08 - slope * out) / float(np.sqrt(1.0 + slope * slope))


def lungs(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Depth of lung along each beam, 0 where there is none."""
    side = np.abs(canvas.x)
    outer = outer_edge(anatomy, canvas.y)
    across = side / outer
    cavity = curve(_CAVITY, canvas.y) * arc(across * across) * clamp(np.sqrt(np.maximum(0.0, (canvas.y + 0.03) / 0.35)))
    free = np.maximum(0.0, cavity - mediastinum(canvas, anatomy))
    below = canvas.y - diaphragm(anatomy, canvas.x)
    above = ramp(-below / 0.035 + 0.5)
    recess = 0.22 * bump(clamp(below / 0.3)) * (1.0 - above)
    return free * (above + recess)


def airways(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Depth of air in windpipe and main bronchi along each beam."""
    bend = 0.02 * anatomy.turn * 20 * bump((canvas.y - 0.1) / 0.4)
    fork = 0.36
    windpipe = arc((canvas.x + 0.03 - bend) / 0.062) * ramp((fork - canvas.y) / 0.06) * ramp((canvas.y + 0.5) / 0.1)
    out = np.maximum(0.0, canvas.y - fork + 0.04)
    right = arc((canvas.x + 0.03 + 0.75 * out) / 0.045)
    left = arc((canvas.x + 0.03 - 1.2 * out) / 0.045)
    bronchi = np.maximum(right, left) * ramp((canvas.y - fork + 0.05) / 0.05) * ramp((0.62 - canvas.y) / 0.2)
    return 0.15 * windpipe + 0.09 * bronchi


def bowel_gas(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Depth of gas in the stomach, below the left dome, along each beam."""
    if not anatomy.bubble:
        return np.zeros(canvas.shape)
    top = anatomy.lung_height + anatomy.left_drop + 0.07
    height = 0.16 * anatomy.bubble
    across = (canvas.x - 0.45) / (0.26 * anatomy.bubble)
    up = (canvas.y - top - height) / height
    return 0.32 * np.sqrt(bump(np.sqrt(across * across + up * up)))
