"""The tables of docs/burned_in.jsonl, for the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "docs" / "burned_in.jsonl"
_WRITTEN = ("films", "blanked", "quarantined", "missed")


def results() -> list[dict[str, Any]]:
    """What was counted last."""
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def written() -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Names and rows: what became of films with text, by what the text was like."""
    rows = [(row["on"], row["text"], *(row[name] for name in _WRITTEN)) for row in results() if "missed" in row]
    return ("planted on", "text", *_WRITTEN), rows


def clean() -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Names and rows: what became of films without text but their own, and of side markers."""
    found: dict[str, dict[str, Any]] = {}
    for row in results():
        if "missed" not in row:
            found.setdefault(row["on"], {}).update(row)
    rows = [
        (on, row["films"], row["blanked"], row["quarantined"], row["markers"], row["kept"]) for on, row in found.items()
    ]
    return ("films", "without planted text", "blanked", "quarantined", "side markers", "kept"), rows
