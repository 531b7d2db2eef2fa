"""What the drawings for docs/ share: colours, words, and the frame around them."""

from __future__ import annotations

from collections.abc import Iterable

INK, FAINT, BLUE, RED = "#57606a", "#d0d7de", "#2f7ea3", "#b35900"


def drawing(width: float, height: float, parts: Iterable[str]) -> str:
    """The whole file, of elements on white."""
    style = f'font-family="sans-serif" font-size="12" fill="{INK}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" {style}>'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>", ""])


def text(x: float, y: float, words: str, anchor: str) -> str:
    """Words that start, end or have their middle at x."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'
