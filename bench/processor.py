"""How much of the processor each part of the program takes, by what the system counts for its processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def watched(roots: Mapping[str, int]) -> Callable[[], dict[str, float]]:
    """What tells the cores that each has taken since now: a process by its number, with those that it started.

    A process that is named itself doesn't count for the one that started it.
    """
    before, began = _taken(roots), time.monotonic()

    def cores() -> dict[str, float]:
        spent, now = time.monotonic() - began, _taken(roots)
        return {name: (now[name] - before[name]) / spent for name in roots}

    return cores


def _taken(roots: Mapping[str, int]) -> dict[str, float]:
    """Seconds of a core, by name."""
    parents, seconds = _processes()
    named = {number: name for name, number in roots.items()}
    found = dict.fromkeys(roots, 0.0)
    for process in seconds:
        above = process
        while above in parents and above not in named:
            above = parents[above]
        if above in named:
            found[named[above]] += seconds[process]
    return found


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """The parent of each process, and the seconds of a core that it has taken with the children that have ended."""
    parents, seconds = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has just ended
            continue
        number = int(entry.parent.name)
        parents[number], seconds[number] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS
    return parents, seconds
