"""How long a run still takes, by how fast it has gone so far."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Progress = Callable[[dict[str, Any]], None]
"""What a run tells of itself, as model.train says it; that isn't imported, since screens ask how far a run is."""


def timed(tell: Progress) -> Progress:
    """`tell`, with `seconds_left` added to what it is told of epochs and steps, once it can be known."""
    begun: list[tuple[float, float]] = []

    def told(progress: dict[str, Any]) -> None:
        now, done = time.monotonic(), share_done(progress)
        if done and not begun:
            begun.append((now, done))
        start, before = begun[0] if begun else (now, done)
        if done > before:
            progress = {**progress, "seconds_left": round((now - start) * (1 - done) / (done - before))}
        tell(progress)

    return told


def share_done(progress: dict[str, Any]) -> float:
    """How much of all epochs is done, 0 to 1."""
    if not progress.get("epochs"):
        return 0.0
    within = progress["step"] / progress["steps"] if progress.get("steps") else 1.0
    return min((progress["epoch"] - 1 + within) / progress["epochs"], 1.0)
