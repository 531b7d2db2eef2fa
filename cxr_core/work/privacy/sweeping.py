"""What disk and database file still keep once a patient's rows are gone, and taking it away: again at every start."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.store import files, site, tombstones
from cxr_core.store.db import opened, scrub, transaction
from cxr_core.work.incoming import pictures

log = logging.getLogger(__name__)

UNFINISHED = "erasing unfinished"
"""The fact of the site that stands from the deletion of the rows until disk and database file keep nothing either."""


def finish(home: Path) -> bool:
    """Remove what disk and database file still keep of erased patients; may be done again at any time.

    True if nothing is left. Files that were brought back from a backup go, too.
    """
    with opened(home) as db:
        with transaction(db):  # nothing is written down as taken in meanwhile
            removed = [_remove_files(home, row) for row in tombstones.orphaned(db)]
        if site.get(db, UNFINISHED) is None:
            return all(removed)
        if not (all(removed) and scrub(db)):
            return False
        site.drop(db, UNFINISHED)
    return True


def files_left(home: Path, db: Database) -> list[Path]:
    """What lies on the disk of images that were erased."""
    return [path for row in tombstones.orphaned(db) for path in _files_of(home, row)]


def _remove_files(home: Path, row: dict[str, Any]) -> bool:
    for path in _files_of(home, row):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s of an erased image can't be removed: %s", path.name, error)
            return False
    return True


def _files_of(home: Path, row: dict[str, Any]) -> list[Path]:
    """The stored file and the pictures of an image, half-written ones among them."""
    places = [pictures.place(home, row["image"])]
    if row["file_sha256"]:
        places.append(files.path_of(home, row["file_sha256"]))
    return [path for place in places for path in place.parent.glob(f"{place.stem}.*")]
