"""Counts of what was seen, a number a bin of every signal: they add up over days, places and views.

A tally is one flat row of counts, so that adding is one sum; a layout says where in it each signal lies. Which values
belong to the same image can't be told from it once it counts two.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.catalogue import HEADERS, JUDGEMENTS, OPINIONS, ORIGINS, PICTURES, About, Signal
from cxr_core.drift.grid import Counts
from cxr_core.errors import BadInput

_KEPT = np.dtype("<i4")


@dataclass(frozen=True)
class Layout:
    """Signals one after the other: for each its bins, then the images that lacked it."""

    signals: tuple[Signal, ...]

    @cached_property
    def parts(self) -> dict[str, slice]:
        """Where each signal's counts lie, with those that lacked it at the end."""
        ends = np.cumsum([signal.bins + 1 for signal in self.signals]).tolist()
        starts = [0, *ends[:-1]]
        return {each.name: slice(a, b) for each, a, b in zip(self.signals, starts, ends, strict=True)}

    @cached_property
    def width(self) -> int:
        """The length of a tally."""
        return sum(signal.bins + 1 for signal in self.signals)

    def nothing(self) -> Counts:
        """A tally of no image."""
        return np.zeros(self.width, np.int64)

    def count(self, rows: Iterable[Mapping[str, Any]]) -> Counts:
        """The tally of images, of each what its signals are: numbers or words; None where it lacks one.

        Numbers that aren't finite are lacking, too; a word that isn't among a signal's counts as the last of them.
        """
        found = list(rows)
        return np.concatenate([_counted(signal, [row.get(signal.name) for row in found]) for signal in self.signals])

    def of(self, tally: Counts, name: str) -> Counts:
        """A signal's counts in a tally: its bins, then those that lacked it."""
        return tally[self.parts[name]]

    def to_bytes(self, tally: Counts) -> bytes:
        """A tally, packed."""
        return zlib.compress(tally.astype(_KEPT).tobytes(), 1)

    def from_bytes(self, data: bytes) -> Counts:
        """What to_bytes was given, to be read only; signals that were added to the end since are empty.

        Raises BadInput.
        """
        try:
            counts: NDArray[np.int32] = np.frombuffer(zlib.decompress(data), _KEPT)
        except (zlib.error, ValueError) as error:
            raise BadInput(f"these counts can't be read ({error}): bring the database back from a backup") from error
        if len(counts) > self.width:
            raise BadInput("these counts are from a later version of the program: bring it up to date")
        if len(counts) not in self._ends:
            raise BadInput("these counts end amid a signal: bring the database back from a backup")
        return counts if len(counts) == self.width else np.pad(counts, (0, self.width - len(counts)))

    @cached_property
    def _ends(self) -> frozenset[int]:
        return frozenset(part.stop for part in self.parts.values())


def _counted(signal: Signal, values: list[Any]) -> Counts:
    """Images that lack it are counted for headers alone: of the rest the answer tells, without which there is none."""
    known = [value for value in values if value is not None]
    if signal.grid:
        counts = signal.grid.counts(known)
    else:
        last = len(signal.words) - 1
        places = [signal.words.index(value) if value in signal.words else last for value in known]
        counts = np.bincount(places, minlength=signal.bins)
    return np.append(counts, len(values) - counts.sum() if signal.about is About.HEADER else 0)


PICTURE_LAYOUT = Layout((*PICTURES, *HEADERS))
OPINION_LAYOUT = Layout(OPINIONS)
JUDGEMENT_LAYOUT = Layout(JUDGEMENTS)
"""All only ever grow at their ends: what was kept is read by place."""
ORIGIN_LAYOUT = Layout(ORIGINS)
"""Never kept: it says how images of a day relate to the site's reference that stands."""
