"""What lies beside a file of weights."""

from __future__ import annotations

from pathlib import Path


def card_path(weights: Path) -> Path:
    """The card that lies beside a weights file."""
    return weights.with_suffix(".card.json")


def split_path(weights: Path) -> Path:
    """The split that lies beside a weights file."""
    return weights.with_suffix(".split.csv")
