"""What a gate must learn to know by name: pictures that are no frontal chest X-rays, painted from nothing.

They teach names and a direction, not the limit of what is refused: that is set by the patients whom the model was
validated on, so what was never painted here is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxr_core.model.gate.brush import Canvas, Field, film, spread


def paint(kind: str, number: int, size: int) -> Field:
    """A size x size picture of one of KINDS, 0..1; the same number, the same picture."""
    chance = np.random.default_rng((list(KINDS).index(kind), number))
    return KINDS[kind](Canvas.of(size, chance))


def _limb(canvas: Canvas) -> Field:
    """One to five bones that fan out from a joint, some of them jointed again, in flesh: hand, foot, knee, arm."""
    chance = canvas.chance
    towards, count = chance.uniform(0, 6.3), int(chance.integers(1, 6))
    thick = chance.uniform(0.05, 0.4) / np.sqrt(count)
    joint = -0.3 * np.array((np.cos(towards), np.sin(towards)))
    flesh, bones = canvas.rod(tuple(joint), tuple(6 * joint), 1.2 * thick * count), np.zeros_like(canvas.x)
    bones += canvas.bone(tuple(joint), tuple(7 * joint), thick * chance.uniform(0.8, 2))
    for angle in towards + np.linspace(-0.25, 0.25, count) * chance.uniform(0.4, 2) * (count > 1):
        start, along = joint, np.array((np.cos(angle), np.sin(angle)))
        for length in chance.uniform(0.2, 0.7, int(chance.integers(1, 4))) * 2 / np.sqrt(count):
            end = start + length * along
            bones = np.maximum(bones, canvas.bone(tuple(start + 0.05 * along), tuple(end), 0.8 * thick))
            flesh = np.maximum(flesh, canvas.rod(tuple(start), tuple(end), 2.2 * thick))
            start = end
    return film(chance.uniform(0.2, 0.5) * flesh + chance.uniform(0.3, 0.7) * bones, chance)


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
    """A chest from the side: spine at one edge, breastbone at the other, both lungs and the heart over each other."""
    chance, y = canvas.chance, canvas.y
    x = canvas.x * chance.choice((-1, 1))
    canvas = Canvas(x, y, chance)
    back = chance.uniform(-0.7, -0.4) + chance.uniform(0.05, 0.2) * np.sin(chance.uniform(1, 2) * y + 0.3)
    front = chance.uniform(0.3, 0.6) + chance.uniform(0.1, 0.35) * y - 0.15 * y * y
    trunk = np.sqrt(np.maximum(0.0, (x - back + 0.3) * (front + 0.15 - x)))
    dome = chance.uniform(0.35, 0.7) + chance.uniform(0.2, 0.7) * (x + 0.1) ** 2
    shut = np.clip((dome - y) / 0.06, 0, 1) * np.clip((y + chance.uniform(0.7, 1)) / 0.2, 0, 1)
    lung = np.sqrt(np.maximum(0.0, (x - back) * (front - x))) * shut * chance.uniform(0.7, 1.3)
    heart = canvas.ball((chance.uniform(0.05, 0.3), 0.3), (0.3, 0.36), chance.uniform(0, 1))
    bones = chance.uniform(0.3, 0.8) * canvas.rod((0.4, -0.5), (0.65, 0.3), 0.04)
    step = chance.uniform(0.13, 0.2)
    for level in np.arange(-1.2, 1.3, step):
        bones += 0.3 * np.exp(-(((x - back + 0.1) / 0.11) ** 6) - ((y - level) / (0.42 * step)) ** 6)
        bones += 0.08 * canvas.rod((-0.5, level), (0.5, level + chance.uniform(0.2, 0.6)), 0.03)
    arm = 0.5 * canvas.rod((0, -0.8), (chance.uniform(-0.5, 0.6), -1.5), 0.22)
    return film(trunk - np.maximum(0.0, 0.8 * lung - 0.35 * heart) + bones + arm, chance)


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
    """Rows of strokes, or a drawing of lines, dark on light or the other way round."""
    chance, size = canvas.chance, len(canvas.x)
    dots = int(chance.integers(2, 8))
    ink = chance.uniform(size=(size // dots + 1, size // dots + 1)) < chance.uniform(0.3, 0.6)
    ink[:: int(chance.integers(2, 4))] = False
    ink[:, chance.uniform(size=ink.shape[1]) < 0.2] = False
    ink[: int(chance.integers(1, 6))], ink[:, : int(chance.integers(1, 6))] = False, False
    strokes = np.kron(ink, np.ones((dots, dots)))[:size, :size]
    for _ in range(int(chance.integers(0, 4))):
        wave = chance.uniform(0.1, 0.6) * np.sin(chance.uniform(1, 20) * canvas.x + chance.uniform(0, 6))
        strokes = np.maximum(strokes, np.abs(canvas.y - wave) < 0.02)
    shown = np.asarray(1 - chance.uniform(0.5, 1) * strokes, np.float64)
    return shown if chance.uniform() < 0.7 else 1 - shown


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
