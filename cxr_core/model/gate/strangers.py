"""What a gate must learn to know by name: pictures that are no frontal chest X-rays, painted from nothing.

They teach names and a direction, not the limit of what is refused: that is set by the patients whom the model was
validated on, so what was never painted here is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cxr_core.model.gate.brush import Canvas, Field, film, spread


def paint(kind: str, number: int, size: int) -> Field:
    """A size x size picture of one of KINDS, 0..1; the same number, the same picture."""
    chance = np.random.default_rng((list(KINDS).index(kind), number))
    return KINDS[kind](Canvas.of(size, chance))


def _limb(canvas: Canvas) -> Field:
    """One to five bones that fan out from a joint, some of them jointed again, in flesh: hand, foot, knee, arm."""
    chance = canvas.chance
    upright = chance.uniform() < 0.5  # most hands are laid down so
    towards = chance.normal(-np.pi / 2, 0.2) if upright else chance.uniform(0, 2 * np.pi)
    count = int(chance.choice((1, 2, 3, 4, 5, 5)))
    thick = chance.uniform(0.05, 0.4) / np.sqrt(count)
    joint = -0.3 * np.array((np.cos(towards), np.sin(towards)))
    flesh = thick * canvas.rod(tuple(joint), tuple(6 * joint), 1.2 * thick * count)
    bones = _stem(canvas, joint, thick * chance.uniform(0.8, 2))
    for angle in towards + np.linspace(-0.25, 0.25, count) * chance.uniform(0.4, 2) * (count > 1):
        start, along, width = joint, np.array((np.cos(angle), np.sin(angle))), thick
        for length in chance.uniform(0.2, 0.7, int(chance.integers(1, 5))) * 2 / np.sqrt(count):
            end = start + length * along
            bones = np.maximum(bones, width * canvas.bone(tuple(start + 0.05 * along), tuple(end), 0.8 * width))
            flesh = np.maximum(flesh, width * canvas.rod(tuple(start), tuple(end), 2.2 * width))
            start, width = end, 0.9 * width
    return film(chance.uniform(0.3, 3) * flesh + chance.uniform(3, 15) * bones, chance)


def _stem(canvas: Canvas, joint: NDArray[np.float64], thick: float) -> Field:
    """What a limb comes from: one bone, or two side by side, up to the joint, and the small bones there."""
    chance, bones = canvas.chance, np.zeros_like(canvas.x)
    aside = np.array((-joint[1], joint[0])) * chance.choice((0, chance.uniform(0.2, 0.6)))
    thick *= 0.6 if aside.any() else 1
    for one in (joint + aside, joint - aside):
        bones = np.maximum(bones, thick * canvas.bone(tuple(one), tuple(one + 6 * joint), thick))
    for _ in range(int(chance.integers(0, 8))):
        centre = joint + chance.uniform(-0.2, 0.2, 2)
        bones = np.maximum(bones, 0.05 * canvas.ball((centre[0], centre[1]), (0.07, 0.06)))
    return bones


def _head(canvas: Canvas) -> Field:
    chance = canvas.chance
    width, height, wall = chance.uniform(0.45, 0.9), chance.uniform(0.55, 0.9), chance.uniform(0.03, 0.1)
    vault, within = canvas.ball((0, -0.1), (width, height)), canvas.ball((0, -0.1), (width - wall, height - wall))
    depth = chance.uniform(0.2, 0.7) * within + chance.uniform(0.8, 1.6) * (vault - within)
    side = chance.uniform(-0.3, 0.3) * (chance.uniform() < 0.5)
    depth += 0.35 * canvas.ball((side, 0.55), (0.6 * width, 0.4)) + 0.3 * canvas.rod((side, 0.6), (-side, 1.6), 0.3)
    for eye in (-0.4 * width, 0.4 * width):
        depth -= 0.25 * canvas.ball((eye + side, 0.12), (0.16, 0.13))
    depth -= chance.uniform(0, 0.3) * canvas.ball((side, 0.3), (0.1, 0.18))
    return film(depth + chance.uniform(0.2, 0.6) * canvas.ball((side, 0.6), (0.25, 0.1)), chance)


def _lateral(canvas: Canvas) -> Field:
    """A chest from the side: spine behind, breastbone in front, both lungs and the heart over each other."""
    chance, y = canvas.chance, canvas.y
    x = canvas.x * chance.choice((-1, 1))
    canvas = Canvas(x, y, chance)
    back = chance.uniform(-0.7, -0.4) + chance.uniform(0.05, 0.2) * np.sin(chance.uniform(1, 2) * y + 0.3)
    front = chance.uniform(0.3, 0.6) + chance.uniform(0.1, 0.35) * y - 0.15 * y * y
    behind, before = chance.uniform(0.15, 0.4), chance.uniform(0.06, 0.2)
    trunk = chance.uniform(0.8, 1.4) * np.sqrt(np.maximum(0.0, (x - back + behind) * (front + before - x)))
    dome = chance.uniform(0.35, 0.7) + chance.uniform(0.2, 0.7) * (x + 0.1) ** 2
    shut = np.clip((dome - y) / 0.06, 0, 1) * np.clip((y + chance.uniform(0.7, 1)) / 0.2, 0, 1)
    air = chance.uniform(0.55, 1.2) * np.sqrt(np.maximum(0.0, (x - back) * (front - x))) * shut
    air -= chance.uniform(0.2, 0.4) * canvas.ball((chance.uniform(0.05, 0.35), 0.3), (0.3, 0.36), chance.uniform(0, 1))
    hila = (chance.uniform(-0.15, 0.1), chance.uniform(-0.3, -0.1))
    air -= chance.uniform(0.05, 0.25) * canvas.ball(hila, (0.14, 0.1))
    bones = _spine_and_ribs(canvas, back - chance.uniform(-0.08, 0.15))
    bones += chance.uniform(0, 0.8) * np.exp(-(((x - front) / 0.035) ** 4)) * (np.abs(y + 0.1) < 0.4)
    shoulder, elbow = (chance.uniform(-0.2, 0.1), -0.8), (chance.uniform(-0.5, 0.6), -1.5)
    arm = chance.uniform(0, 0.7) * canvas.rod(shoulder, elbow, 0.22)
    return film(trunk - np.maximum(0.0, air) + bones + arm, chance)


def _spine_and_ribs(canvas: Canvas, spine: Field) -> Field:
    """From the side: a row of blocks along `spine` (their x at each point), and ribs that slope away from it."""
    chance, bones = canvas.chance, np.zeros_like(canvas.x)
    step, dense, ribs = chance.uniform(0.12, 0.2), chance.uniform(0.15, 0.4), chance.uniform(0, 0.1)
    for level in np.arange(-1.2, 1.3, step):
        bones += dense * np.exp(-(((canvas.x - spine) / 0.11) ** 6) - ((canvas.y - level) / (0.42 * step)) ** 6)
        bones += ribs * canvas.rod((-0.5, level), (0.5, level + chance.uniform(0.2, 0.6)), 0.03)
    return bones


def _abdomen(canvas: Canvas) -> Field:
    """Spine and pelvis in a belly with gas, and no lungs."""
    chance, x, y = canvas.chance, canvas.x, canvas.y
    depth = chance.uniform(0.6, 1.1) * np.sqrt(np.maximum(0.0, 1 - (x / chance.uniform(0.75, 1.1)) ** 2))
    for level in np.arange(-1.3, 0.7, chance.uniform(0.16, 0.26)):
        depth += 0.25 * np.exp(-((x / 0.12) ** 6) - ((y - level) / 0.08) ** 6)
    for side in (-1, 1):
        wing = canvas.ball((0.45 * side, 0.6), (0.35, 0.4), 0.4 * side) - canvas.ball((0.3 * side, 0.7), (0.2, 0.3))
        depth += 0.25 * np.maximum(0.0, wing) * (chance.uniform() < 0.8)
        depth += 0.25 * canvas.bone((0.45 * side, 0.9), (0.6 * side, 1.6), 0.1)
    for _ in range(int(chance.integers(3, 30))):
        centre, radii = chance.uniform(-0.7, 0.7, 2), chance.uniform(0.03, 0.16, 2)
        depth -= 0.3 * canvas.ball((centre[0], centre[1]), (radii[0], radii[1]), chance.uniform(0, 3))
    return film(depth, chance)


def _slice(canvas: Canvas) -> Field:
    """A cross-section in black air, as CT and MR show it: an oval with organs of even grey, a bright rim or spots."""
    chance = canvas.chance
    wide, tall = chance.uniform(0.5, 0.9), chance.uniform(0.45, 0.75)
    shown = chance.uniform(0.25, 0.9) * canvas.disc((0, 0), (wide, tall))
    inner = canvas.disc((0, 0), (wide - 0.07, tall - 0.07))
    shown = np.where(inner > 0.5, chance.uniform(0.25, 0.6) + 0.15 * canvas.grain(chance.uniform(2, 12)), shown)
    for _ in range(int(chance.integers(2, 8))):
        centre, radii = chance.uniform(-0.5, 0.5, 2) * (wide, tall), chance.uniform(0.06, 0.4, 2) * tall
        organ = canvas.disc((centre[0], centre[1]), (radii[0], radii[1]), chance.uniform(0, 3)) * inner
        shown = np.where(organ > 0.5, chance.choice((0.05, 0.1, chance.uniform(0.3, 0.6), 0.95)), shown)
    table = np.abs(canvas.y - tall - 0.1 - 0.1 * canvas.x**2) < 0.015
    return np.where(table & (chance.uniform() < 0.6), 0.5, shown) + chance.normal(0, 0.02, canvas.x.shape)


def _photograph(canvas: Canvas) -> Field:
    """A scene: things of clear outline before a ground of natural roughness, lit from one side."""
    chance = canvas.chance
    shown = chance.uniform(0.2, 0.8) + chance.uniform(0, 0.6) * canvas.cloud() + 0.3 * chance.normal() * canvas.y
    for _ in range(int(chance.integers(0, 12))):
        centre, radii, turn = chance.uniform(-1, 1, 2), chance.uniform(0.05, 0.6, 2), chance.uniform(0, 3)
        thing = canvas.disc((centre[0], centre[1]), (radii[0], radii[1]), turn)
        if chance.uniform() < 0.5:
            thing = ((abs(canvas.x - centre[0]) < radii[0]) & (abs(canvas.y - centre[1]) < radii[1])).astype(float)
        lit = chance.uniform(0, 1) + 0.2 * chance.normal() * canvas.x + 0.2 * (canvas.cloud() - 0.5)
        shown = shown * (1 - thing) + thing * lit
    return spread(shown) if chance.uniform() < 0.8 else shown


def _page(canvas: Canvas) -> Field:
    """Lines of text, or a drawing of curves, dark on light or the other way round."""
    chance, size = canvas.chance, len(canvas.x)
    strokes = _text(chance, size) if chance.uniform() < 0.7 else np.zeros((size, size))
    for _ in range(int(chance.integers(0, 4)) + 2 * int(not strokes.any())):
        wave = chance.uniform(0.1, 0.6) * np.sin(chance.uniform(1, 20) * canvas.x + chance.uniform(0, 6))
        strokes = np.maximum(strokes, np.abs(canvas.y - wave) < chance.uniform(0.005, 0.03))
    shown = np.asarray(1 - chance.uniform(0.5, 1) * strokes, np.float64)
    return shown if chance.uniform() < 0.7 else 1 - shown


def _text(chance: np.random.Generator, size: int) -> Field:
    """Lines of words of strokes, some lines left blank and some cut short, size x size, 1 where there is ink."""
    dots, height = int(chance.integers(1, 5)), int(chance.integers(6, 20))
    count = size // height + 1
    cells = chance.uniform(size=(size // dots + 1, size // dots + 1)) < chance.uniform(0.3, 0.7)
    words = chance.uniform(size=(count, size // (2 * height) + 1)) < chance.uniform(0.8, 1)
    ends, blank = chance.uniform(0.5, 1, count), chance.uniform(size=count) < 0.2
    lines = np.kron(words & ~blank[:, None], np.ones((height, 2 * height)))[:size, :size]
    lines *= (np.arange(size) % height < chance.uniform(0.4, 0.8) * height)[:, None]
    lines *= np.arange(size) < size * np.repeat(ends, height)[:size, None]
    lines[:, : int(chance.integers(0, size // 8))] = 0
    inked: Field = lines * np.kron(cells, np.ones((dots, dots)))[:size, :size]
    return inked


def _noise(canvas: Canvas) -> Field:
    chance = canvas.chance
    sparse = (chance.uniform(size=canvas.x.shape) < chance.uniform(0.02, 0.5)).astype(float)
    plain = [chance.uniform(size=canvas.x.shape), chance.normal(0.5, 0.2, canvas.x.shape), sparse]
    return plain[int(chance.integers(0, 3))] if chance.uniform() < 0.5 else canvas.grain(2 ** chance.uniform(-1, 5))


def _pattern(canvas: Canvas) -> Field:
    """Slopes, stripes and rings, and what is nearly blank."""
    chance, turn = canvas.chance, canvas.chance.uniform(0, 6.3)
    along = canvas.x * np.cos(turn) + canvas.y * np.sin(turn)
    rings = np.hypot(canvas.x - chance.uniform(-1, 1), canvas.y - chance.uniform(-1, 1))
    way = (along, rings)[int(chance.integers(0, 2))]
    waves = 0.5 + 0.5 * np.sin(2 ** chance.uniform(1, 6) * way)
    return (way, waves, waves > 0.5)[int(chance.integers(0, 3))] + chance.uniform(0, 0.1) * canvas.grain(0.3)


KINDS: dict[str, Callable[[Canvas], Field]] = {
    "limb": _limb, "head": _head, "lateral": _lateral, "abdomen": _abdomen, "slice": _slice,
    "photograph": _photograph, "page": _page, "noise": _noise, "pattern": _pattern,
}  # fmt: skip
"""What can be painted, by the code of the objection to it."""
