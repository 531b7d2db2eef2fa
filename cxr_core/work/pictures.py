"""The pictures that browsers show, made once by the worker. They are derived and can be made again."""

from __future__ import annotations

import re
from pathlib import Path

from cxr_core.errors import NotFound
from cxr_core.records import User
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
