"""How commands speak: JSON for machines on standard output, progress for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from cxr_core.plain import plain


def result(value: Any) -> None:
    """One line of JSON on standard output."""
    print(json.dumps(value, allow_nan=False, default=str), flush=True)


def say(words: str) -> None:
    """A line for people on standard error; terminal codes in it are written out."""
    print(plain(words), file=sys.stderr, flush=True)


def say_unchecked(lines: Iterable[str]) -> None:
    """What a check couldn't look at, and doesn't call wrong."""
    for line in lines:
        say(f"not checked: {line}")


def training_progress(progress: dict[str, Any]) -> None:
    """A line now and then while a network is trained."""
    place = f"epoch {progress['epoch']}/{progress['epochs']}"
    if "validation_auc" in progress:
        say(f"{place}  {progress['size']} px  loss {progress['loss']:.4f}  validation loss "
            f"{progress['validation_loss']:.4f}  validation AUC {progress['validation_auc']:.4f}")  # fmt: skip
    elif "doing" in progress:
        say(f"{progress['doing']}: {place}")
    elif "step" in progress:
        say(f"{place}  step {progress['step']}/{progress['steps']}  loss {progress['loss']:.4f}")
