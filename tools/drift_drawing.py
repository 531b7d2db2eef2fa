"""How soon each change is found, by the program and by other rules, as SVG made from docs/drift.jsonl."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

from tools.drift import NEVER, OURS, TYPICAL, Line, results, shown_delays
from tools.svg import BLUE, FAINT, RED, drawing, text

LEFT, TOP, WIDTH, ROW = 250, 40, 420, 34
FEWEST, MOST = 10, 10_000
"""Images at the ends of the scale; what is never found stands beyond it."""
COLOURS = {OURS: BLUE, "CheXstray's score": RED, "Evidently, model's reference": "#7a5ea8"}
"""The rules that are drawn: those that don't speak on most days without a change."""


def delays() -> str:
    """A row for each change, a dot at the median of each rule's delays, a line over their range."""
    found = [line for line in results("change") if line["rate"] == TYPICAL]
    bottom = TOP + ROW * len(found)
    rows = [part for number, line in enumerate(found) for part in _row(line, TOP + ROW * number)]
    return _framed(bottom + 44, [*_legend(), *_scale(bottom), *rows])


def _row(line: Line, top: float) -> Iterator[str]:
    yield text(LEFT - 12, top + ROW / 2 + 4, line["change"], "end")
    drawn = [each for each in shown_delays(line) if each[0] in COLOURS]
    for number, (name, low, middle, high) in enumerate(drawn):
        y, colour = top + ROW * (number + 1) / (len(drawn) + 1), COLOURS[name]
        words = f"{name}: {_said(middle)} ({_said(low)} to {_said(high)})"
        yield f'<line x1="{_x(low):.1f}" y1="{y:.1f}" x2="{_x(high):.1f}" y2="{y:.1f}" stroke="{colour}"/>'
        yield f'<circle cx="{_x(middle):.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{words}</title></circle>'


def _scale(bottom: float) -> Iterator[str]:
    for images, words in ((10, "10"), (100, "100"), (1000, "1,000"), (NEVER, "never")):
        x = _x(images)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{FAINT}"/>'
        yield text(x, bottom + 16, words, "middle")
    yield text(LEFT + WIDTH / 2, bottom + 36, f"images until it is found, {TYPICAL} a day", "middle")


def _legend() -> Iterator[str]:
    for number, (name, colour) in enumerate(COLOURS.items()):
        x = 16 + 190 * number
        yield f'<circle cx="{x}" cy="18" r="4" fill="{colour}"/>'
        yield text(x + 10, 22, name, "start")


def _framed(height: float, parts: list[str]) -> str:
    return drawing(LEFT + WIDTH + 30, height, parts)


def _said(images: float) -> str:
    return "never" if images == NEVER else f"{images:.0f}"


def _x(images: float) -> float:
    """On a scale of powers of ten."""
    return LEFT + WIDTH * log10(min(images, MOST) / FEWEST) / log10(MOST / FEWEST)
