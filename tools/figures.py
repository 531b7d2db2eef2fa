"""Drawings for docs/, as SVG made from the card: they change only when the card does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxr_core.model import release

SIDE, LEFT, TOP = 300, 56, 14
INK, FAINT, BLUE = "#57606a", "#d0d7de", "#2f7ea3"


def reliability() -> str:
    """What the program's release says against what is true, on its locked patients; the dotted line is honest."""
    bins = release.card()["metrics"]["reliability"]
    return _framed("probability said", "share with pneumonia", [*_grid(), *_points(bins)])


def _points(bins: list[dict[str, Any]]) -> Iterator[str]:
    most = max(found["n"] for found in bins)
    yield _line(0, 0, 1, 1, INK, 'stroke-dasharray="2 4"')
    for found in bins:
        low, high = found["true_ci95"]
        yield _line(found["said"], low, found["said"], high, BLUE)
        radius = 3 + 7 * (found["n"] / most) ** 0.5
        words = f"said {found['said']:.3f}, true {found['true']:.3f} ({low:.3f} to {high:.3f}), {found['n']} images"
        at = f'cx="{_x(found["said"]):.1f}" cy="{_y(found["true"]):.1f}" r="{radius:.1f}"'
        yield f'<circle {at} fill="{BLUE}" fill-opacity="0.75"><title>{words}</title></circle>'


def _grid() -> Iterator[str]:
    for tenth in range(0, 11, 2):
        share = tenth / 10
        yield _line(share, 0, share, 1, FAINT)
        yield _line(0, share, 1, share, FAINT)
        yield _text(_x(share), _y(0) + 16, f"{share:.1f}", "middle")
        yield _text(LEFT - 8, _y(share) + 4, f"{share:.1f}", "end")


def _framed(below: str, beside: str, parts: list[str]) -> str:
    width, height = LEFT + SIDE + 16, TOP + SIDE + 44
    middle = TOP + SIDE / 2
    turned = f'<text transform="rotate(-90 14 {middle})" x="14" y="{middle}" text-anchor="middle">{beside}</text>'
    named = [_text(LEFT + SIDE / 2, height - 8, below, "middle"), turned]
    style = f'font-family="sans-serif" font-size="12" fill="{INK}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" {style}>'
    white = f'<rect width="{width}" height="{height}" fill="white"/>'
    return "\n".join([head, white, *parts, *named, "</svg>", ""])


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    ends = f'x1="{_x(x1):.1f}" y1="{_y(y1):.1f}" x2="{_x(x2):.1f}" y2="{_y(y2):.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="1" {more}/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)


FIGURES = {"reliability.svg": reliability}
