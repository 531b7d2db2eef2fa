"""A map of what the network sees: images by where they lie along the first two of a reference's axes.

Both sides have the bins of the axes' own signals, so that the sums along either are those signals' counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from cxr_core.drift.catalogue import NETWORK
from cxr_core.drift.grid import Counts, Grid
from cxr_core.errors import BadInput

ACROSS, UP = NETWORK[:2]
"""The signals that are drawn from left to right, and from the bottom up."""
_KEPT = np.dtype("<u4")


def grid() -> Grid:
    """The bins of either side."""
    assert ACROSS.grid
    return ACROSS.grid


def count(rows: Iterable[Mapping[str, Any]]) -> Counts:
    """How many images lie in each cell, bins x bins: first along ACROSS, then along UP.

    `rows` are images' signals by name; those without axes, since there is no opinion, lie nowhere.
    """
    cells = np.zeros((grid().bins, grid().bins), np.int64)
    for row in rows:
        if ACROSS.name in row:
            cells += np.outer(grid().counts(row[ACROSS.name]), grid().counts(row[UP.name]))
    return cells


def to_bytes(cells: Counts) -> bytes:
    """The counts, packed."""
    return zlib.compress(cells.astype(_KEPT).tobytes(), 9)


def from_bytes(data: bytes) -> Counts:
    """What to_bytes was given. Raises BadInput."""
    try:
        cells = np.frombuffer(zlib.decompress(data), _KEPT).reshape(grid().bins, grid().bins)
    except (zlib.error, ValueError) as error:
        raise BadInput(f"this map can't be read ({error}): bring it back from a backup") from error
    return cells.astype(np.int64)
