"""Text planted into films: what it says, how it looks, and which pixels it covers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.records import Floats
from tools.burned_in.films import Grey
from tools.burned_in.lettering import TYPES, line

LEAST_CONTRAST = 40
"""Grey levels (of 256) between text and what lies under it."""
PLACES = {
    "top left": (0, 0), "top": (0, 1), "top right": (0, 2), "left": (1, 0), "right": (1, 2),
    "bottom left": (2, 0), "bottom": (2, 1), "bottom right": (2, 2),
}  # fmt: skip
_Spot = tuple[slice, slice]


@dataclass(frozen=True)
class Planted:
    """A film, and what was put into it."""

    film: Grey
    text: NDArray[np.bool_]
    """Pixels that text changed."""
    marker: NDArray[np.bool_]
    """Pixels of the side marker's letter."""
    facts: dict[str, Any] = field(default_factory=dict)


def plant(film: Grey, rng: np.random.Generator, written: bool) -> Planted:
    """`film` with a side marker more often than not and, if it's to be `written` on, with text."""
    film, nothing = film.copy(), np.zeros(film.shape, bool)
    text, facts = _write(film, rng) if written else (nothing, {})
    marker = _mark(film, rng, text) if rng.random() < 0.7 else nothing
    if rng.random() < 0.25:
        quality = int(rng.integers(80, 96))
        film = cv2.imdecode(cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    return Planted(film, text, marker, facts)


def _write(film: Grey, rng: np.random.Generator) -> tuple[NDArray[np.bool_], dict[str, Any]]:
    """Write a block of lines onto `film` in place, and say which pixels changed and how."""
    kind, size, place = str(rng.choice(list(TYPES))), int(rng.integers(12, 49)), str(rng.choice(list(PLACES)))
    lines = [line(rng, kind == "dots") for _ in range(rng.integers(1, 5))]
    block = _block(kind, size, lines, PLACES[place][1])
    while block.shape[1] > 0.8 * film.shape[1] or block.shape[0] > 0.45 * film.shape[0]:
        size = max(12, size * 3 // 4)
        block = _block(kind, size, lines := lines[: max(1, len(lines) - 1)], PLACES[place][1])
    spot = _spot(film.shape, block.shape, PLACES[place], rng)
    ground, contrast = _ink(film, spot, block, rng)
    text = np.zeros(film.shape, bool)
    text[spot] = block > 0
    return text, {
        "type": kind,
        "size": size,
        "place": place,
        "lines": len(lines),
        "ground": ground,
        "contrast": contrast,
    }


def _block(kind: str, size: int, lines: list[str], column: int) -> Floats:
    """The lines, one under the other, flush with the edge that they stand at."""
    drawn = [TYPES[kind](text, size) for text in lines]
    gap, width = size // 3 + 2, max(each.shape[1] for each in drawn)
    rows = []
    for each in drawn:
        left = (width - each.shape[1]) * column // 2
        rows += [np.pad(each, ((0, gap), (left, width - each.shape[1] - left)))]
    return np.concatenate(rows)[:-gap]


def _spot(shape: tuple[int, ...], block: tuple[int, ...], place: tuple[int, int], rng: np.random.Generator) -> _Spot:
    """Where a block stands on a film: at its place, a few pixels to one film in 25 from the edge."""
    corner = []
    for length, extent, where in zip(shape, block, place, strict=True):
        margin = int(rng.uniform(4, max(6, 0.04 * length)))
        room = length - extent
        along = int(np.clip(room // 2 + rng.uniform(-0.25, 0.25) * length, 0, room))
        corner.append((min(margin, room), along, max(0, room - margin))[where])
    return slice(corner[0], corner[0] + block[0]), slice(corner[1], corner[1] + block[1])


def _ink(film: Grey, spot: _Spot, block: Floats, rng: np.random.Generator) -> tuple[str, int]:
    """Set the block into the film, at least LEAST_CONTRAST from what lies under it; on which ground, and how far."""
    under = film[spot].astype(np.float32)
    room = {"boxed": 230.0, "lighter": 255 - float(under[block > 0].max()), "darker": float(under[block > 0].min())}
    way = str(rng.choice([way for way in (*room, "lighter", "darker") if room[way] >= LEAST_CONTRAST]))
    contrast = int(min(room[way], LEAST_CONTRAST + 200 * rng.random() ** 2))
    if way == "boxed":
        under[:] = rng.integers(0, 25)
        _fill_around(film, spot, int(under[0, 0]), int(rng.integers(2, 16)))
    away = -contrast if way == "darker" else contrast
    ink = under + away if rng.random() < 0.25 else _extreme(under[block > 0], away) + away
    film[spot] = np.rint(under + block * (ink - under)).clip(0, 255).astype(np.uint8)
    return way, contrast


def _extreme(under: Floats, away: int) -> float:
    """The level that is nearest to ink which is `away` from the ground."""
    return float(under.max() if away > 0 else under.min())


def _fill_around(film: Grey, spot: _Spot, level: int, room: int) -> None:
    rows, columns = spot
    film[max(0, rows.start - room) : rows.stop + room, max(0, columns.start - room) : columns.stop + room] = level


def _mark(film: Grey, rng: np.random.Generator, text: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Put an L or R near an edge in place, plain, mirrored, ringed or framed, clear of the text."""
    size = int(rng.uniform(0.02, 0.06) * film.shape[0]) + 8
    kind = str(rng.choice(list(TYPES)))
    letter = TYPES[kind](str(rng.choice(["L", "R"])), size)
    letter = letter[:, ::-1] if rng.random() < 0.2 else letter
    frame = _frame(letter.shape, str(rng.choice(["", "", "ring", "box"])))
    room = (frame.shape[0] - letter.shape[0]) // 2, (frame.shape[1] - letter.shape[1]) // 2
    sign = frame.copy()
    inside = slice(room[0], room[0] + letter.shape[0]), slice(room[1], room[1] + letter.shape[1])
    sign[inside] = np.maximum(sign[inside], letter)
    spot = _clear_spot(film.shape, sign.shape, rng, text)
    marked = np.zeros(film.shape, bool)
    if spot is None:
        return marked
    level = min(255, int(np.percentile(film[spot], 95)) + int(rng.integers(50, 200)))
    film[spot] = np.rint(film[spot] + sign * np.maximum(0.0, level - film[spot].astype(np.float32))).astype(np.uint8)
    marked[spot] = sign > 0
    return marked


def _frame(letter: tuple[int, ...], kind: str) -> Floats:
    """An empty sheet for a letter, or one with a ring or a box around it."""
    rows, columns = letter
    if kind == "":
        return np.zeros((rows, columns), np.float32)
    side = 2 * int(0.9 * max(rows, columns)) + rows % 2
    sheet, thickness = np.zeros((side, side + (columns - side) % 2), np.uint8), max(1, rows // 12)
    if kind == "ring":
        cv2.circle(sheet, (sheet.shape[1] // 2, side // 2), side // 2 - thickness, 255, thickness, cv2.LINE_AA)
    else:
        cv2.rectangle(
            sheet, (thickness, thickness), (sheet.shape[1] - 1 - thickness, side - 1 - thickness), 255, thickness
        )
    return sheet.astype(np.float32) / 255


def _clear_spot(
    shape: tuple[int, ...], sign: tuple[int, ...], rng: np.random.Generator, text: NDArray[np.bool_]
) -> _Spot | None:
    """A place near the left or right edge that keeps a letter's height away from all text, or None."""
    for _ in range(20):
        top = int(rng.uniform(0.02, 0.5) * (shape[0] - sign[0]))
        inward = int(rng.uniform(0.01, 0.1) * shape[1])
        left = inward if rng.random() < 0.5 else shape[1] - sign[1] - inward
        around = text[max(0, top - 2 * sign[0]) : top + 3 * sign[0], max(0, left - 3 * sign[1]) : left + 4 * sign[1]]
        if not around.any():
            return slice(top, top + sign[0]), slice(left, left + sign[1])
    return None
