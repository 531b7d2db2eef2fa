"""Measuring two ways of doing one thing in turns, so that a machine that slows down slows both."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """Medians of two ways, in `unit`; `reference` is None where there is nothing to compare with."""

    name: str
    ours: float
    reference: float | None
    unit: str
    note: str = ""
    in_this_process: bool = True
    """Whether the work was done by this process, so that its memory says something."""

    @property
    def ratio(self) -> float | None:
        """How many times longer the reference takes."""
        return self.reference / self.ours if self.reference else None


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], object], reference: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both after one warm-up each, called in turns."""
    return after(lambda: None, ours, reference, rounds)


def after(
    before: Callable[[], object], ours: Callable[[], object], reference: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """As in_turns, where `before` precedes each call, unmeasured: caches and threads are as it leaves them."""

    def measured(call: Callable[[], object]) -> float:
        before()
        return seconds(call)

    measured(ours), measured(reference)
    pairs = [(measured(ours), measured(reference)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def peak_mb() -> float:
    """The most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> str:
    """Processor and cores, in words."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores"


def heading() -> None:
    """The names of the columns, for people."""
    print(f"{'':20}{'ours':>10}{'reference':>10} {'unit':10}{'ratio':>7}", file=sys.stderr)


def tell(found: Measurement) -> None:
    """One JSON line on standard output, one row for people on standard error."""
    peak = round(peak_mb()) if found.in_this_process else None
    line = {
        "name": found.name, "ours": found.ours, "reference": found.reference, "unit": found.unit,
        "ratio": found.ratio, "machine": machine(), "peak_mb": peak, "note": found.note,
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    reference = f"{found.reference:10.2f}" if found.reference is not None else " " * 10
    ratio = f"{found.ratio:6.1f}x" if found.ratio is not None else " " * 7
    print(f"{found.name:20}{found.ours:10.2f}{reference} {found.unit:10}{ratio}  {found.note}", file=sys.stderr)
