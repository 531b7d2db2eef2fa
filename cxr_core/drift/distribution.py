"""The whole distribution of a signal: what came in of late beside what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.catalogue import Signal
from cxr_core.drift.compare import effects
from cxr_core.drift.grid import Counts
from cxr_core.drift.tally import Layout


@dataclass(frozen=True)
class Beside:
    """A reference's counts of a signal, and how far what came in lies from them."""

    counts: Counts
    """Of the bins, then of images that lack it."""
    effect: float | None
    """As `compare` gives it, 0..1; None where either has no image."""


@dataclass(frozen=True)
class Distribution:
    """A signal's counts now, and beside each reference that knows it, by the reference's name."""

    signal: Signal
    current: Counts
    """Of the bins, then of images that lack it."""
    references: dict[str, Beside]


def distributions(layout: Layout, current: Counts, references: Mapping[str, Counts]) -> list[Distribution]:
    """Of every signal of a layout of which any reference says something; all are tallies of that layout."""
    found = []
    for signal in layout.signals:
        now = layout.of(current, signal.name)
        parts = {name: layout.of(tally, signal.name) for name, tally in references.items()}
        known = {name: Beside(part, _effect(signal, part, now)) for name, part in parts.items() if part[:-1].any()}
        if known:
            found.append(Distribution(signal, now, known))
    return found


def _effect(signal: Signal, reference: Counts, current: Counts) -> float | None:
    return float(effects(signal, reference, current[None])[0][0]) if current.any() else None


def shares(counts: Counts) -> NDArray[np.float64]:
    """Counts as shares of their sum; zeros where there is nothing."""
    return counts / max(int(counts.sum()), 1)


def together(*counts: Counts, most: int = 40) -> tuple[int, slice]:
    """How to show several counts of the same bins: so many neighbours as one bar, and where any has an image.

    At most `most` bars, as far as the bins allow; the part begins and ends between bars.
    """
    seen = np.flatnonzero(sum(counts))
    first, last = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (0, len(counts[0]))
    size = -(-(last - first) // most)
    return size, slice(first, min(first + -(-(last - first) // size) * size, len(counts[0])))
