"""The figures of /metrics with what each is, from the calls that make them."""

from __future__ import annotations

import ast
from pathlib import Path

FIGURES = Path(__file__).parents[1] / "cxr_core" / "work" / "service" / "figures.py"


def rows() -> list[tuple[str, str, str]]:
    """Name, kind and words of each metric, in their order."""
    calls = [node for node in ast.walk(ast.parse(FIGURES.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    made = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "family"]
    found = [(node.lineno, [ast.literal_eval(each) for each in node.args[:3]]) for node in made]
    return [(f"`{name}`", kind, words) for _, (name, kind, words) in sorted(found)]
