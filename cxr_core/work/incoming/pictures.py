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
from cxr_core.work.guarding import READING_ROOM, open_to
from cxr_core.work.reading_room import viewing

IMAGE_ID = re.compile(r"[0-9a-f]{64}")


def place(home: Path, image: str) -> Path:
    """Where the picture of an image lies, or will lie. Raises NotFound for what can't be an image's id."""
    if not IMAGE_ID.fullmatch(image):
        raise NotFound("there is no such image")
    return home / "pictures" / image[:2] / f"{image}.gz"


@open_to(*READING_ROOM)
def path(home: Path, user: User, image: str) -> Path:
    """The gzipped picture of an image, as dicom.rendering writes it, to be handed to a browser. Raises NotFound.

    That it is handed over is on record before it is.
    """
    found = place(home, image)
    if not found.is_file():
        raise NotFound("there is no such image")
    with opened(home) as db:
        viewing.sent(db, user, viewing.SENT, image)
    return found


@open_to(*READING_ROOM)
def thumbnail(home: Path, user: User, image: str, side: int) -> bytes:
    """An X-ray as a small PNG of 8 bits, its longer side `side` pixels: to know it again, not to read it.

    On record as `path`. Raises NotFound, or IntegrityError if its stored file has changed.
    """
    with opened(home) as db:
        row = images.get(db, image)
        viewing.sent(db, user, viewing.SENT_SMALL, image)
    radiograph = from_stored(files.get(home, row["file_sha256"]))
    rows, columns = radiograph.pixels.shape
    scale = side / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    small = cv2.resize(radiograph.tone(radiograph.pixels), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", np.round(small * 255).astype(np.uint8))[1].tobytes()
