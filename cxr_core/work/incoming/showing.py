"""Showing what is held back to an admin who must see it: rendered by the worker, sealed to a key in their memory."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxr_core.dicom.burned_in.clearing import shown
from cxr_core.dicom.reading import read
from cxr_core.records import Job
from cxr_core.store import quarantine
from cxr_core.store.db import opened
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.incoming import passing, spool
from cxr_core.work.privacy import identity

LONGEST = 1400
"""Pixels of the longer side: enough to read small print by, and little enough for a page."""
QUALITY = 90


def show(desk: Desk, job: Job) -> Outcome:
    """A job: the picture of a file in quarantine, for the eyes of who asked. Raises NotFound, RejectedFile."""
    with opened(desk.home) as db:
        held = quarantine.get(db, job.payload["quarantine"])
    picture = shown(read(spool.fetch(desk.settings, held.payload["spool"])).radiograph)
    sealed = passing.sealed(job.payload["key"], jpeg_of(picture), identity.PICTURE)
    return Outcome({"rows": picture.shape[0], "columns": picture.shape[1], "sealed": sealed})


def jpeg_of(grey: NDArray[np.uint8]) -> bytes:
    """rows x columns, 0..255, as a JPEG file of at most LONGEST pixels a side."""
    factor = min(1.0, LONGEST / max(grey.shape))
    size = max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()
