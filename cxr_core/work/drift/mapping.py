"""What the network sees of late beside its reference: on a map, and whether a classifier tells one from the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_core.drift.expected import Estimate
from cxr_core.drift.grid import Counts
from cxr_core.drift.trace import WINDOW_DAYS
from cxr_core.model.axes import Axes
from cxr_core.records import User
from cxr_core.store import models, predictions, site_references
from cxr_core.store.db import opened
from cxr_core.work.drift import references, rolling
from cxr_core.work.guarding import READING_ROOM, open_to
from cxr_core.work.reading_room import revealing

Rows = Sequence[Mapping[str, Any]]
"""Opinions with `embedding` and `patient`."""
MOST = 300
"""X-rays that are drawn: more would hide the reference."""


@dataclass(frozen=True)
class Map:
    """What the network sees of the reference and of late, along the reference's first two axes."""

    reference: Counts
    """How many lie in each cell of drift.plane."""
    points: NDArray[np.float64]
    """n x 2: the newest, in the reference's standard deviations."""
    apart: Estimate | None
    """How well a classifier tells what came since from the images of the site's reference, by all axes (drift.apart);
    of the same device, where one is looked at alone.

    None without such a reference of the same version, with too few patients, or for who may not know of all modes.
    """


@open_to(*READING_ROOM)
def drawn(home: Path, user: User, model: str, until: date, device: str | None) -> Map | None:
    """The newest opinions of the four weeks up to a day, of which the user may know; of one device, where named.

    None where the model's reference has no map. Raises NotFound for no such model.
    """
    first, end = until - timedelta(days=WINDOW_DAYS - 1), until + timedelta(days=1)
    with opened(home) as db:
        reference = references.of_card(models.card(db, model))
        if reference is None or reference.map is None or reference.axes is None:
            return None
        modes = revealing.modes_counted(db, user)
        said = predictions.newest(db, model, (first.isoformat(), end.isoformat()), modes, device)
        newest = list(islice((row for row in said if rolling.is_counted(row, row)), MOST))
        frozen = site_references.current(db, until.isoformat()) if revealing.eyes_of(user).sees_all else None
        kept = predictions.of_reference(db, frozen.id, model, device) if frozen else []
    before = [row for row in kept if rolling.is_counted(row, row)]
    since = [row for row in newest if frozen and row["received_at"] > frozen.last_at]
    return Map(reference.map, _seen(reference.axes, newest)[:, :2], _apart(reference.axes, before, since))


def _seen(axes: Axes, rows: Rows) -> NDArray[np.float64]:
    """n x axes."""
    found = [row["embedding"] for row in rows]
    return axes.project(np.stack(found)) if found else np.empty((0, axes.count))


def _apart(axes: Axes, before: Rows, now: Rows) -> Estimate | None:
    from cxr_core.drift.apart import apart  # with scikit-learn, which takes seconds to be imported

    return apart(_seen(axes, before), _seen(axes, now), [row["patient"] for row in (*before, *now)])
