"""The release, which every site starts from: its files, and its card without loading the network."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from cxr_core.model.beside import card_path, split_path
from cxr_core.model.dataset import read_split
from cxr_core.records import Side

FOLDER = Path(__file__).parent / "release"
WEIGHTS = FOLDER / "cxr-resnet18-r3.safetensors"
STEM = "cxr-resnet18"
"""Names of models are this and a number."""


@cache
def card() -> dict[str, Any]:
    """The release's card, as written."""
    loaded: dict[str, Any] = json.loads(card_path(WEIGHTS).read_text(encoding="utf-8"))
    return loaded


@cache
def split() -> dict[str, Side]:
    """The side of every image of the public set that the release was trained on, by content hash."""
    return read_split(split_path(WEIGHTS))


def weights_of(sha256: str) -> bytes | None:
    """The weights with this hash if they are this or an earlier release's, which sites have built upon."""
    path = _released().get(sha256)
    return path.read_bytes() if path else None


def has_weights(sha256: str) -> bool:
    """Whether the weights with this hash are this or an earlier release's, and there."""
    path = _released().get(sha256)
    return path is not None and path.is_file()


@cache
def _released() -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in FOLDER.glob("*.safetensors")}
