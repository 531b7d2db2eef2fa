"""Pictures that are no frontal chest X-rays, drawn by numbers: other body parts, slices, photographs, pages, noise.

The same number gives the same picture, uint8. No code is shared with the strangers that the gate learns from.
"""

from __future__ import annotations

import cv2
import numpy as np

from tests.model.brushes import (
    bone,
    cloud,
    ellipsoid,
    film,
    grid,
    inside,
    levels,
    rod,
    smooth,
    speckle,
    turned_at_will,
)  # fmt: skip

TALL = (288, 224)
WIDE = (224, 288)
SQUARE = (256, 256)


def drawn(kind, number):
    """The picture with this number of a kind: one of KINDS."""
    return KINDS[kind](np.random.default_rng((sum(kind.encode()), number)))


def hand(chance):
    y, x = grid(TALL)
    palm = (0.05, 0.3)
    bones, flesh = 0.0, ellipsoid(x, y, *palm, 0.4, 0.42) * 0.5 + rod(x, y, (0, 0.5), (0, 1.4), 0.28) * 0.5
    for finger, angle in enumerate((-1.0, -0.32, -0.1, 0.1, 0.32)):
        angle += chance.uniform(-0.06, 0.06)
        length = (0.26, 0.34, 0.38, 0.36, 0.28)[finger] * chance.uniform(0.9, 1.1)
        start = np.array((palm[0] + 0.33 * np.sin(angle), palm[1] + 0.32 - 0.15 * np.cos(angle)))
        along = np.array((np.sin(angle), -np.cos(angle)))
        for part, share in enumerate((1.15, 0.85, 0.55, 0.45)):
            end = start + along * length * share
            bones = np.maximum(bones, bone(x, y, start + 0.03 * along, end, 0.05 - 0.008 * part))
            flesh = np.maximum(flesh, 0.35 * rod(x, y, start, end, 0.1 - 0.01 * part))
            start = end
    for _ in range(8):
        centre = chance.uniform((-0.2, 0.5), (0.25, 0.72))
        bones = np.maximum(bones, 0.1 * ellipsoid(x, y, *centre, 0.07, 0.06))
    for side in (-0.13, 0.12):
        bones = np.maximum(bones, bone(x, y, (side, 0.75), (side * 0.9, 1.5), 0.09))
    return film(0.35 * flesh + 2.5 * bones, chance)


def foot(chance):
    y, x = grid(TALL)
    flesh, bones = 0.45 * ellipsoid(x, y, 0, 0.35, 0.32, 0.75), 0.16 * ellipsoid(x, y, 0, 0.7, 0.16, 0.24)
    for toe in range(5):
        angle = 0.13 * (toe - 2) + chance.uniform(-0.03, 0.03)
        start, along = np.array((0.11 * (toe - 2), 0.2)), np.array((np.sin(angle), -np.cos(angle)))
        for part, length in enumerate((0.5, 0.16, 0.1)):
            end = start + along * length * chance.uniform(0.9, 1.05)
            bones = np.maximum(bones, bone(x, y, start + 0.02 * along, end, 0.05 - 0.008 * part))
            start = end
        flesh = np.maximum(flesh, 0.3 * rod(x, y, (0.1 * (toe - 2), 0.2), start, 0.09))
    return film(0.4 * flesh + 2.2 * bones, chance)


def knee(chance):
    y, x = grid(TALL)
    tilt = chance.uniform(-0.1, 0.1)
    flesh = 0.7 * rod(x, y, (tilt, -1.5), (-tilt, 1.5), chance.uniform(0.5, 0.65))
    bones = bone(x, y, (tilt, -1.5), (0, -0.25), 0.2)
    for side in (-1, 1):
        bones = np.maximum(bones, 0.24 * ellipsoid(x, y, 0.16 * side, -0.15, 0.2, 0.17))
        bones = np.maximum(bones, 0.22 * ellipsoid(x, y, 0.15 * side, 0.2, 0.2, 0.12))
    bones = np.maximum(bones, bone(x, y, (0, 0.3), (-tilt, 1.5), 0.19))
    bones = np.maximum(bones, bone(x, y, (0.32, 0.35), (0.26, 1.5), 0.06)) + 0.08 * ellipsoid(x, y, 0, -0.2, 0.13, 0.14)
    return film(0.5 * flesh + 1.8 * bones, chance)


def skull(chance):
    y, x = grid(TALL)
    width, height = chance.uniform(0.6, 0.7), chance.uniform(0.72, 0.85)
    vault = ellipsoid(x, y, 0, -0.15, width, height)
    inner = ellipsoid(x, y, 0, -0.15, width - 0.06, height - 0.06)
    depth = 0.4 * inner + 1.4 * (vault - inner) + 0.3 * ellipsoid(x, y, 0, 0.6, 0.36, 0.35)
    for side in (-0.25, 0.25):
        depth -= 0.3 * ellipsoid(x, y, side, 0.08, 0.15, 0.13)
        depth += 0.2 * rod(x, y, (1.6 * side, 0.2), (0.8 * side, 0.88), 0.06)
    depth -= 0.25 * ellipsoid(x, y, 0, 0.3, 0.09, 0.18)
    for tooth in np.linspace(-0.2, 0.2, 8):
        depth += 0.35 * rod(x, y, (tooth, 0.55), (tooth, 0.7), 0.025)
    return film(1.2 * depth + 0.4 * rod(x, y, (0, 0.7), (0, 1.5), 0.3), chance)


def lateral(chance):
    """A chest from the side: spine behind, breastbone in front, both lungs and the heart over each other."""
    y, x = grid(SQUARE)
    back, front = -0.62 + 0.08 * np.sin(2 * y), 0.45 + 0.25 * y - 0.15 * y * y
    trunk = np.sqrt(np.clip((x - back + 0.28) * (front + 0.12 - x), 0, None)) * 1.3
    dome = 0.55 + 0.5 * (x + 0.1) ** 2 + chance.uniform(-0.05, 0.05)
    lung = np.sqrt(np.clip((x - back) * (front - x), 0, None)) * 1.6 * smooth((dome - y) / 0.05)
    lung *= smooth((y + 0.85 + 0.3 * x * x) / 0.12)
    heart = ellipsoid(x, y, 0.2, 0.28, 0.3, 0.36, 0.5) + 0.5 * rod(x, y, (0.05, -0.2), (-0.15, -0.45), 0.12)
    air = np.clip(0.72 * lung - 0.4 * heart, 0, None)
    bones = 0.0
    for level in np.arange(-1.2, 1.3, 0.16):
        centre = -0.55 + 0.08 * np.sin(2 * level)
        bones += 0.25 * np.exp(-(((x - centre) / 0.1) ** 6) - ((y - level) / 0.065) ** 6)
        bones += 0.06 * rod(x, y, (centre, level), (0.5, level + 0.55), 0.025) * (chance.uniform() < 0.8)
    bones += 0.18 * rod(x, y, (0.42, -0.5), (0.62, 0.35), 0.03)
    arm = 0.5 * rod(x, y, (-0.1, -0.8), (0.4, -1.4), 0.2)
    return turned_at_will(film(np.clip(trunk - air, 0.02, None) + bones + arm, chance), chance)


def abdomen(chance):
    y, x = grid(TALL)
    depth = 0.9 * np.sqrt(np.clip(1 - (x / 0.85) ** 2, 0, None))
    for level in np.arange(-1.3, 0.6, 0.2):
        depth += 0.25 * np.exp(-((x / 0.12) ** 6) - ((y - level) / 0.08) ** 6)
    for side in (-1, 1):
        wing = ellipsoid(x, y, 0.42 * side, 0.62, 0.34, 0.36, 0.4 * side) - ellipsoid(x, y, 0.3 * side, 0.7, 0.2, 0.3)
        depth += 0.2 * np.clip(wing, 0, None) + 0.2 * ellipsoid(x, y, 0.45 * side, 1.05, 0.14, 0.13)
        depth += 0.12 * ellipsoid(x, y, 0.4 * side, -0.3, 0.15, 0.28, -0.3 * side)
    for _ in range(int(chance.integers(8, 20))):
        centre, radius = chance.uniform((-0.6, -0.7), (0.6, 0.6)), chance.uniform(0.04, 0.14)
        depth -= 0.3 * ellipsoid(x, y, *centre, radius, radius * chance.uniform(0.7, 1.6), chance.uniform(0, 3))
    return film(np.clip(depth, 0.05, None), chance)


def elbow(chance):
    y, x = grid(SQUARE)
    bend = chance.uniform(0.8, 1.6)
    end = np.array((1.8 * np.sin(bend), -1.8 * np.cos(bend)))
    flesh = np.maximum(rod(x, y, (0, 0.1), (0, 1.8), 0.36), rod(x, y, (0, 0.1), end, 0.3))
    bones = bone(x, y, (0, 0.15), (0, 1.8), 0.14)
    aside = 0.12 * np.array((np.cos(bend), np.sin(bend)))
    for side in (-1, 1):
        bones = np.maximum(bones, bone(x, y, side * aside, end + side * aside, 0.08))
    return turned_at_will(film(0.4 * flesh + 2 * bones, chance), chance)


def slice_of_ct(chance):
    """An axial slice: a body on a table in black air, lungs black in it, bone white."""
    y, x = grid(SQUARE)
    wide, tall = chance.uniform(0.7, 0.88), chance.uniform(0.48, 0.6)
    body = inside(x, y, 0, 0, wide, tall)
    shown = 0.45 * body + 0.12 * inside(x, y, 0, 0, wide - 0.05, tall - 0.05)
    for side in (-1, 1):
        lung = inside(x, y, 0.4 * side * wide / 0.8, 0.02, 0.27, tall * 0.68, 0.25 * side)
        shown = np.where(lung > 0.5, 0.06 + 0.25 * (speckle(chance, x.shape, 5) > 0.78), shown)
        for angle in np.linspace(-1.2, 1.2, 7):
            rib = (wide - 0.1) * side * np.cos(angle), (tall - 0.07) * np.sin(angle)
            shown = np.maximum(shown, 0.95 * inside(x, y, *rib, 0.05, 0.025, angle))
    shown = np.maximum(shown, 0.62 * inside(x, y, 0.08, -0.1, 0.22, 0.2))
    shown = np.maximum(shown, 0.9 * inside(x, y, 0, tall * 0.62, 0.1, 0.1))
    table = np.abs(y - tall - 0.12 - 0.1 * x * x) < 0.015
    return levels(np.where(table, 0.4, shown) + chance.normal(0, 0.02, x.shape))


def slice_of_head(chance):
    y, x = grid(SQUARE)
    wide, tall = chance.uniform(0.55, 0.65), chance.uniform(0.7, 0.8)
    shown = 0.95 * inside(x, y, 0, 0, wide, tall)
    brain = inside(x, y, 0, 0, wide - 0.07, tall - 0.07) > 0.5
    shown = np.where(brain, 0.42 + 0.12 * speckle(chance, x.shape, 9), shown)
    for side in (-1, 1):
        shown = np.where(inside(x, y, 0.12 * side, -0.05, 0.06, 0.25, 0.3 * side) > 0.5, 0.15, shown)
    return levels(shown + chance.normal(0, 0.015, x.shape))


def ultrasound(chance):
    y, x = grid(WIDE)
    radius, angle = np.hypot(x, y + 1.1), np.arctan2(x, y + 1.1)
    fan = (np.abs(angle) < 0.7) & (radius > 0.3) & (radius < 2.0)
    texture = 0.15 + 0.6 * speckle(chance, x.shape, 12) * chance.rayleigh(0.6, x.shape)
    return levels(np.where(fan, texture, 0) + 0.8 * (np.abs(x - 1.15) < 0.02) * (y + 1) / 2)


def mammogram(chance):
    y, x = grid(TALL)
    breast = np.sqrt(np.clip(1 - ((x + 0.8) / chance.uniform(0.9, 1.2)) ** 2 - (y / 0.8) ** 2, 0, None))
    tissue = breast * (0.35 + 0.5 * cloud(chance, x.shape))
    return levels(np.clip(tissue + 0.5 * smooth((-0.3 - x - 0.5 * (y + 1)) / 0.2) * (breast > 0), 0, 1))


def teeth(chance):
    y, x = grid((160, 288))
    shown = 0.25 + 0.2 * cloud(chance, x.shape)
    for row in (-1, 1):
        for place in np.linspace(-1.3, 1.3, 13):
            root = (place * 1.05, row * 0.65 + 0.25 * place**2 - 0.2), (place, row * 0.08 + 0.25 * place**2 - 0.2)
            shown += 0.5 * np.sqrt(rod(x, y, *root, 0.075) * 5).clip(0, 1)
    return levels(shown * smooth((1.7 - np.abs(x)) / 0.3))


def landscape(chance):
    y, x = grid(WIDE)
    shown = 0.75 - 0.2 * y + 0.2 * cloud(chance, x.shape)
    for depth in range(4):
        ridge = 0.15 + 0.2 * depth + 0.35 * (cloud(chance, x.shape)[0] - 0.5)
        shown = np.where(y > ridge, 0.6 - 0.14 * depth + 0.15 * speckle(chance, x.shape, 3), shown)
    return levels(shown)


def face(chance):
    y, x = grid(TALL)
    shown = 0.3 + 0.4 * cloud(chance, x.shape)
    skin = inside(x, y, 0, 0, chance.uniform(0.5, 0.6), 0.72)
    shown = shown * (1 - skin) + skin * (0.7 - 0.15 * x + 0.05 * cloud(chance, x.shape))
    shown = np.where((inside(x, y, 0, -0.5, 0.62, 0.5) > 0.5) & (y < -0.35 + 0.3 * x**2), 0.12, shown)
    for side in (-0.22, 0.22):
        shown = np.where(inside(x, y, side, -0.08, 0.11, 0.05) > 0.5, 0.9, shown)
        shown = np.where(inside(x, y, side, -0.08, 0.045, 0.045) > 0.5, 0.1, shown)
        shown = np.where(inside(x, y, side, -0.22, 0.14, 0.025) > 0.5, 0.2, shown)
    shown = np.where(inside(x, y, 0, 0.38, 0.2, 0.06) > 0.5, 0.35, shown)
    return levels(np.where((y > 0.8) & (np.abs(x) < 0.8), 0.25, shown) - 0.1 * inside(x, y, 0.05, 0.12, 0.06, 0.18))


def room(chance):
    y, x = grid(WIDE)
    shown = 0.6 + 0.1 * x
    for _ in range(int(chance.integers(6, 14))):
        centre, size = chance.uniform((-1.2, -1), (1.2, 1)), chance.uniform(0.08, 0.5, 2)
        box = (np.abs(x - centre[0]) < size[0]) & (np.abs(y - centre[1]) < size[1])
        shown = np.where(box, chance.uniform(0.05, 0.95) + 0.1 * x, shown)
    return levels(cv2.GaussianBlur(shown, (0, 0), 1) + chance.normal(0, 0.02, x.shape))


def page(chance):
    """Lines of words: dark strokes on white, or white on black as on a screen."""
    paper = np.ones(TALL)
    size, top = int(chance.integers(3, 6)), 14
    while top < TALL[0] - 14:
        left = 14
        while left < TALL[1] - 30 - int(chance.integers(0, 40)):
            width = int(chance.integers(8, 40))
            strokes = chance.uniform(size=(2 * size, width)) < 0.5
            paper[top : top + 2 * size, left : left + width][strokes[:, : TALL[1] - left]] = 0.1
            left += width + size
        top += 4 * size if chance.uniform() < 0.9 else 9 * size
    return levels(paper if chance.uniform() < 0.7 else 1 - paper)


def chart(chance):
    y, x = grid(WIDE)
    shown = np.ones(x.shape)
    shown[:, ::28] = shown[::28] = 0.85
    for _ in range(3):
        wave = sum(chance.normal() * np.sin(chance.uniform(1, 12) * x[0] + chance.uniform(0, 6)) for _ in range(4)) / 5
        shown = np.where(np.abs(y - wave) < 0.02, chance.uniform(0, 0.5), shown)
    return levels(shown)


def white_noise(chance):
    return levels(chance.uniform(size=SQUARE)) if chance.uniform() < 0.5 else levels(chance.normal(0.5, 0.15, SQUARE))


def soft_noise(chance):
    return levels(speckle(chance, SQUARE, chance.uniform(2, 30)))


def salt_and_pepper(chance):
    return np.where(chance.uniform(size=SQUARE) < chance.uniform(0.02, 0.5), 255, 0).astype(np.uint8)


def stripes(chance):
    y, x = grid(SQUARE)
    angle = chance.uniform(0, 3)
    return levels(0.5 + 0.5 * np.sin(chance.uniform(3, 40) * (x * np.cos(angle) + y * np.sin(angle))))


def gradient(chance):
    y, x = grid(SQUARE)
    angle = chance.uniform(0, 6.3)
    return levels(0.5 + 0.45 * (x * np.cos(angle) + y * np.sin(angle)) / 1.4)


def blank(chance):
    return np.clip(chance.uniform(0, 255) + chance.normal(0, chance.uniform(0.5, 2), SQUARE), 0, 255).astype(np.uint8)


def discs(chance):
    y, x = grid(SQUARE)
    return film(
        0.5 * sum(ellipsoid(x, y, *chance.uniform(-1, 1, 2), *chance.uniform(0.1, 0.5, 2)) for _ in range(9)), chance
    )


KINDS = {
    "hand": hand, "foot": foot, "knee": knee, "elbow": elbow, "skull": skull, "lateral": lateral, "abdomen": abdomen,
    "CT slice": slice_of_ct, "head slice": slice_of_head, "ultrasound": ultrasound, "mammogram": mammogram,
    "teeth": teeth, "landscape": landscape, "face": face, "room": room, "page": page, "chart": chart,
    "white noise": white_noise, "soft noise": soft_noise, "fractal": lambda chance: levels(cloud(chance, SQUARE)),
    "salt and pepper": salt_and_pepper,
    "stripes": stripes, "gradient": gradient, "blank": blank, "discs": discs,
}  # fmt: skip
