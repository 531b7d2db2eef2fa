"""What a run that may be broken off leaves behind, so that it can go on."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from cxr_core.errors import ModelError


def save(state: dict[str, Any], path: Path) -> None:
    """Replace the checkpoint as a whole: a kill leaves the last one or this one."""
    temporary = path.with_suffix(".partial")
    with open(temporary, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load(path: Path, recipe: dict[str, Any], material: str) -> dict[str, Any]:
    """The state that a run of this recipe on this material (a hash) left at `path`.

    Raises ModelError if the file is damaged, or left by another run.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path} is damaged: remove it to start anew") from error
    if (state.get("recipe"), state.get("material")) != (recipe, material):
        raise ModelError(f"{path} is left from a run with another recipe, base or data: remove it to start anew")
    return state
