"""The bones of a synthetic child's chest: how thick bone is along each beam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxr_core.dicom.phantoms.canvas import Canvas, Field, arc, bump, clamp, mottle, ramp
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.thorax import Anatomy, arm_distance, outer_edge

RIBS = 12
_SPACING = 0.138


@dataclass(frozen=True)
class Rib:
    """One pair of ribs: a tilted hoop, seen as the upper half of one ellipse and the lower half of another."""

    back: float
    """Height where it leaves the spine."""
    side: float
    """Height at the outermost point."""
    front: float
    """How far the front part falls below the outermost point."""
    reach: float
    """Distance of the outermost point from the midline."""
    end: float
    """Where bone ends and cartilage begins in front, as a share of the reach."""
    radius: float


def bones(canvas: Canvas, anatomy: Anatomy, number: int) -> Field:
    """Depth of bone along each beam, in half-widths of the rib cage, at the density of cortex."""
    chance = Chance(number, "bones")
    total = _spine(canvas, anatomy)
    y = canvas.y + chance.between(-0.05, 0.05) * canvas.x + 0.025 * mottle(canvas.shape, canvas.shape[0] // 9, chance)
    for rib in _ribs(anatomy, chance):
        rows = canvas.rows(rib.back - 0.18, rib.side + rib.front + 0.18)
        total[rows] += _rib(canvas.x[rows], y[rows], rib)
    total += _clavicles(canvas, chance) + _shoulder(canvas, anatomy)
    if anatomy.chin > 0:
        total += _jaw(canvas, anatomy, chance)
    return total * anatomy.ossified


def _ribs(anatomy: Anatomy, chance: Chance) -> list[Rib]:
    spacing = _SPACING * anatomy.lung_height / 1.25 * chance.between(0.96, 1.04)
    steep = chance.between(0.85, 1.3)
    ribs = []
    for index in range(RIBS):
        back = -0.10 + spacing * index + chance.between(-0.008, 0.008)
        side = back + steep * (0.15 + 0.019 * index)
        reach = float(outer_edge(anatomy, np.array(side))) + 0.012
        front = steep * (0.20 + 0.012 * index)
        end = chance.between(0.42, 0.5) + 0.035 * max(0, index - 5)
        ribs.append(Rib(back, side, front, reach, end, chance.between(0.029, 0.035) * (0.8 if index == 0 else 1.0)))
    return ribs


def _rib(x: Field, y: Field, rib: Rib) -> Field:
    """The hoop's distance is F / |grad F| of its ellipse; where it runs along the beam it is thicker."""
    side = np.abs(x)
    height = y - rib.side
    half = np.where(height < 0, rib.side - rib.back, rib.front)
    level, across = height / half, side / rib.reach
    slope = np.sqrt(across * across / (rib.reach * rib.reach) + level * level / (half * half)) + 1e-6
    distance = (across * across + level * level - 1.0) / (2.0 * slope)
    t = distance / rib.radius
    chord = arc(t) - 0.55 * arc(t / 0.72)
    along = 1.15 / (0.5 + np.sqrt(np.maximum(0.0, 1.0 - across * across)))
    behind = ramp((side - 0.07) / 0.05) * (0.68 + 0.32 * ramp((across - 0.15) / 0.5))
    # Towards the front a rib is thinner, and ends where its cartilage begins.
    ahead = ramp((across - rib.end) / 0.12) * (0.36 + 0.64 * ramp((across - 0.72) / 0.28))
    return 2.0 * rib.radius * chord * along * np.where(height < 0, behind, ahead)


def _spine(canvas: Canvas, anatomy: Anatomy) -> Field:
    spacing = _SPACING * anatomy.lung_height / 1.25
    place = (canvas.y + 0.13) / spacing
    within = place - np.floor(place) - 0.5
    half_width = 0.105 + 0.02 * clamp((canvas.y + 0.3) / 2.0)
    across = canvas.x / (half_width * (1.0 - 0.10 * bump(within / 0.45)))
    solid = 0.5 * arc(across) + 0.5 * np.sqrt(arc(across))
    plates = 0.8 + 0.15 * bump((np.abs(within) - 0.37) / 0.1) - 0.18 * bump((np.abs(within) - 0.5) / 0.12)
    knob = np.sqrt(((np.abs(canvas.x) - 0.068) / 0.03) ** 2 + (within / 0.2) ** 2)
    pedicles = bump((knob - 0.8) / 0.45)
    process = bump(canvas.x / 0.02) * bump((within - 0.2) / 0.3)
    wings = bump((within + 0.1) / 0.3) * bump(canvas.x / 0.2)
    return 0.075 * solid * plates + 0.018 * pedicles + 0.015 * process + 0.015 * wings


def _clavicles(canvas: Canvas, chance: Chance) -> Field:
    side = np.abs(canvas.x)
    rise = np.where(canvas.x < 0, chance.between(0.04, 0.2), chance.between(0.04, 0.2))
    out = (side - 0.13) / 0.7
    height = 0.05 - rise * out - 0.15 * out * (1.0 - out) * (0.5 - out) + chance.between(-0.05, 0.04)
    t = (canvas.y - height) / (0.026 + 0.014 * bump((side - 0.15) / 0.1))
    chord = arc(t) - 0.4 * arc(t / 0.65)
    return 0.075 * chord * ramp((side - 0.11) / 0.04) * ramp((0.84 - side) / 0.12)


def _shoulder(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Shoulder blade (a thin plate with a dense outer border) and upper arm."""
    side = np.abs(canvas.x)
    level = (canvas.y - 0.28) / 0.34
    inner, rim = 0.72 + 0.2 * level, 0.99 - 0.1 * level
    plate = ramp((side - inner) / 0.06) * ramp((rim - side) / 0.03) * bump(level)
    border = bump((side - rim + 0.01) / 0.02) * bump(level / 1.05)
    distance = arm_distance(canvas, anatomy)
    head = np.sqrt(((side - 0.93) / 0.12) ** 2 + ((canvas.y - 0.08) / 0.11) ** 2)
    shaft = distance / 0.055
    tube = (arc(shaft) - 0.6 * arc(shaft / 0.6)) * ramp((side - 0.97) / 0.06)
    return 0.025 * plate + 0.018 * border + 0.05 * np.maximum(0.8 * np.sqrt(bump(head / 1.25)), 1.2 * tube)


def _jaw(canvas: Canvas, anatomy: Anatomy, chance: Chance) -> Field:
    """The lower jaw's arch where the chin reaches into the picture."""
    bottom = float(canvas.y[0, 0]) + anatomy.chin * 2.0
    across, up = canvas.x / 0.5, (canvas.y - bottom + 0.6) / 0.6
    distance = np.sqrt(across * across + up * up)
    teeth = 0.05 * mottle(canvas.shape, 10, chance) * bump((distance - 0.6) / 0.25)
    return 0.08 * bump((distance - 0.88) / 0.14) + 0.10 * ramp((1.0 - distance) / 0.3) + teeth
