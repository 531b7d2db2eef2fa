"""Making the pictures that browsers show: at intake, and at leisure for X-rays that came in before this version."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

from cxr_core.dicom.rendering import to_picture
from cxr_core.dicom.stored import from_stored
from cxr_core.errors import CxrError
from cxr_core.records import Radiograph
from cxr_core.store import files, images
from cxr_core.store.db import opened
from cxr_core.work.incoming import pictures

log = logging.getLogger(__name__)


def put(home: Path, image: str, radiograph: Radiograph) -> None:
    """Write the picture of an X-ray, in place of the one of 8 bits that an earlier version had made."""
    place = pictures.place(home, image)
    files.write_durably(place, to_picture(radiograph))
    place.with_suffix(".png").unlink(missing_ok=True)


def catching_up(home: Path, at_leisure: Callable[[], bool]) -> Iterator[bool]:
    """Each `next` makes a picture that is missing, newest image first, but only `at_leisure`; False: none was made."""
    with opened(home) as db:
        stored = images.all_files(db)
    for image in reversed(stored):
        if pictures.place(home, image["id"]).exists():
            continue
        while not at_leisure():
            yield False
        yield _made(home, image["id"], image["file_sha256"])
    yield from repeat(False)


def _made(home: Path, image: str, file_sha256: str) -> bool:
    try:
        put(home, image, from_stored(files.get(home, file_sha256)))
    except (CxrError, OSError) as error:
        log.warning("image %s… can't be shown: %s", image[:12], error)
        return False
    return True
