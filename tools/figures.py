"""Drawings for docs/, as SVG made from the card and from docs/*.jsonl: they change only when those do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxr_core.model import release
from tools import drift_drawing, flow_drawing
from tools.new_site.table import RESULTS, results
from tools.svg import BLUE, FAINT, INK, RED, drawing, text

SIDE, LEFT, TOP = 300, 56, 14
FIFTHS = [tenth / 10 for tenth in range(0, 11, 2)]


def reliability() -> str:
    """What the program's release says against what is true, on its locked patients; the dotted line is honest."""
    bins = release.card()["metrics"]["reliability"]
    return _framed("probability said", "share with pneumonia", [*_grid(), *_points(bins)])


def new_site() -> str:
    """AUC of the release and of each retrain on the patients of both sites, with its 95 % interval."""
    found = results(RESULTS)
    across = [(number + 0.5) / (len(found) + 1) for number in range(len(found) + 1)]
    numbers = [text(_x(x), _y(0) + 16, str(number or "release"), "middle") for number, x in enumerate(across)]
    series = [*_series(found, "old", BLUE, across), *_series(found, "new", RED, across)]
    return _framed("row of the table", "AUC", [*_levels(), *numbers, *series])


def _series(found: list[dict[str, Any]], site: str, colour: str, across: list[float]) -> Iterator[str]:
    """A dot for the release and for each row of the table, and the name of the site below the last."""
    reached = [found[0][site]["before"], *(each[site]["after"] for each in found)]
    name = text(_x(1) - 4, _y(reached[-1]["auc_ci95"][0]) + 18, f"{site} site", "end")
    yield f'<g fill="{colour}">{name}</g>'
    for x, each in zip(across, reached, strict=True):
        low, high = each["auc_ci95"]
        yield _line(x, low, x, high, colour)
        yield _dot(x, each["auc"], 4, colour, f"{site} site: {each['auc']:.3f} ({low:.3f} to {high:.3f})")


def _points(bins: list[dict[str, Any]]) -> Iterator[str]:
    most = max(found["n"] for found in bins)
    yield _line(0, 0, 1, 1, INK, 'stroke-dasharray="2 4"')
    for found in bins:
        low, high = found["true_ci95"]
        yield _line(found["said"], low, found["said"], high, BLUE)
        radius = 3 + 7 * (found["n"] / most) ** 0.5
        words = f"said {found['said']:.3f}, true {found['true']:.3f} ({low:.3f} to {high:.3f}), {found['n']} images"
        yield _dot(found["said"], found["true"], radius, BLUE, words)


def _grid() -> Iterator[str]:
    yield from _levels()
    for share in FIFTHS:
        yield _line(share, 0, share, 1, FAINT)
        yield text(_x(share), _y(0) + 16, f"{share:.1f}", "middle")


def _levels() -> Iterator[str]:
    for share in FIFTHS:
        yield _line(0, share, 1, share, FAINT)
        yield text(LEFT - 8, _y(share) + 4, f"{share:.1f}", "end")


def _framed(below: str, beside: str, parts: list[str]) -> str:
    width, height = LEFT + SIDE + 16, TOP + SIDE + 44
    middle = TOP + SIDE / 2
    turned = f'<text transform="rotate(-90 14 {middle})" x="14" y="{middle}" text-anchor="middle">{beside}</text>'
    named = [text(LEFT + SIDE / 2, height - 8, below, "middle"), turned]
    return drawing(width, height, [*parts, *named])


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    ends = f'x1="{_x(x1):.1f}" y1="{_y(y1):.1f}" x2="{_x(x2):.1f}" y2="{_y(y2):.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="1" {more}/>'


def _dot(x: float, y: float, radius: float, colour: str, words: str) -> str:
    at = f'cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="{radius:.1f}"'
    return f'<circle {at} fill="{colour}" fill-opacity="0.75"><title>{words}</title></circle>'


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)


FIGURES = {
    "reliability.svg": reliability, "new_site.svg": new_site, "drift_delays.svg": drift_drawing.delays,
    "xray_flow.svg": flow_drawing.flow,
}  # fmt: skip
