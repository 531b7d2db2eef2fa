"""The newest X-rays on the map of what the network sees, as far as who looks may know of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from cxr_core.drift.grid import Counts
from cxr_core.drift.trace import WINDOW_DAYS
from cxr_core.store import predictions
from cxr_core.work import rolling
from cxr_core.work.sighting import Seen

MOST = 300
"""X-rays that are drawn: more would hide the reference."""


@dataclass(frozen=True)
class Map:
    """What the network sees of the reference and of late, along the reference's first two axes."""

    reference: Counts
    """How many lie in each cell of drift.plane."""
    points: NDArray[np.float64]
    """n x 2: the newest, in the reference's standard deviations."""


def drawn(db: Database, found: Seen, until: date, modes: Collection[str], device: str | None) -> Map | None:
    """The newest opinions of the four weeks up to a day, on images read in these modes; of one device, where named.

    None where the model's reference has no map.
    """
    reference = found.reference
    if reference.map is None or reference.axes is None:
        return None
    first, end = until - timedelta(days=WINDOW_DAYS - 1), until + timedelta(days=1)
    said = predictions.newest(db, found.model, (first.isoformat(), end.isoformat()), modes, device)
    seen = [row["embedding"] for row in islice((row for row in said if rolling.is_counted(row, row)), MOST)]
    points = reference.axes.project(np.stack(seen))[:, :2] if seen else np.empty((0, 2))
    return Map(reference.map, points)
