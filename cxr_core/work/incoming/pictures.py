"""The pictures that browsers show, made once by the worker. They are derived and can be made again."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from cxr_core.dicom.stored import from_stored
from cxr_core.errors import NotFound
from cxr_core.records import User
from cxr_core.store import files, images
from cxr_core.store.db import opened
from cxr_core.work.guarding import EVERYBODY, open_to

IMAGE_ID = re.compile(r"[0-9a-f]{64}")


def place(home: Path, image: str) -> Path:
    """Where the picture of an image lies, or will lie. Raises NotFound for what can't be an image's id."""
    if not IMAGE_ID.fullmatch(image):
        raise NotFound("there is no such image")
    return home / "pictures" / image[:2] / f"{image}.gz"


@open_to(*EVERYBODY)
def path(home: Path, user: User, image: str) -> Path:
    """The gzipped picture of an image, as dicom.rendering writes it. Raises NotFound."""
    found = place(home, image)
    if not found.is_file():
        raise NotFound("there is no such image")
    return found


@open_to(*EVERYBODY)
def thumbnail(home: Path, user: User, image: str, side: int) -> bytes:
    """An X-ray as a small PNG of 8 bits, its longer side `side` pixels: to know it again, not to read it.

    Raises NotFound, or IntegrityError if its stored file has changed.
    """
    with opened(home) as db:
        row = images.get(db, image)
    radiograph = from_stored(files.get(home, row["file_sha256"]))
    rows, columns = radiograph.pixels.shape
    scale = side / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    small = cv2.resize(radiograph.tone(radiograph.pixels), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", np.round(small * 255).astype(np.uint8))[1].tobytes()
