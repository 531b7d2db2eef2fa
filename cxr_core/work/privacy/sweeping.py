"""What disk and database file still keep once a patient's rows are gone, and taking it away: again at every start."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.store import copies, site, tombstones
from cxr_core.store.db import opened, scrub, transaction

log = logging.getLogger(__name__)

UNFINISHED = "erasing unfinished"
"""The fact of the site that stands from the deletion of the rows until disk and database file keep nothing either."""


def finish(home: Path) -> bool:
    """Remove what disk and database file still keep of erased patients; may be done again at any time.

    True if nothing is left. Files that were brought back from a backup go, too, and copies of the database that are
    old, or name what goes.
    """
    copies.drop_old(home)
    lying = _lying(home)
    with opened(home) as db:
        with transaction(db):  # nothing is written down as taken in meanwhile
            left = [path for row in tombstones.orphaned(db) for path in _files_of(lying, row)]
            if left:
                copies.drop(home)  # else going back would bring rows whose files are gone
            gone = [removed(path) for path in left]
        if site.get(db, UNFINISHED) is None:
            return all(gone)
        copies.drop(home)  # they were made before, and have it all
        if not (all(gone) and scrub(db)):
            return False
        site.drop(db, UNFINISHED)
    return True


def files_left(home: Path, db: Database) -> list[Path]:
    """What lies on the disk of images that were erased."""
    lying = _lying(home)
    return [path for row in tombstones.orphaned(db) for path in _files_of(lying, row)]


def _lying(home: Path) -> dict[str, list[Path]]:
    """All stored files and pictures by the hash in their names, half-written ones among them.

    Looked up once: after years there are more tombstones than can be looked for one by one at each start.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for place in ("images", "pictures"):
        for path in home.joinpath(place).glob("*/*"):
            found[path.name.partition(".")[0]].append(path)
    return found


def removed(path: Path) -> bool:
    """Remove a file of an erased image; False, and told in the log, if that can't be."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s of an erased image can't be removed: %s", path.name, error)
        return False
    return True


def _files_of(lying: dict[str, list[Path]], row: dict[str, Any]) -> list[Path]:
    """The stored file and the pictures of an image; not its file where another image has the same."""
    return [*lying.get(row["image"], ()), *lying.get(row["file_sha256"] or "", ())]
