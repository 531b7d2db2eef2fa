"""What was erased on request since a backup was made is taken out of it, by the next backup into the same folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import Conflict, SchemaError
from cxr_core.store import audit, files, images, migrations, quarantine, site, tombstones
from cxr_core.store.db import FILE, opened, scrub, transaction, untouched
from cxr_core.work.keeping import shelf
from cxr_core.work.keeping.shelf import Listed
from cxr_core.work.privacy import erasing

Stones = Sequence[dict[str, Any]]
"""Rows of tombstones.on_request."""


def erased_since(then: Stones, now: Stones) -> list[dict[str, Any]]:
    """The tombstones that were set, or set anew, in between."""
    known = {(stone["image"], stone["erased_at"]) for stone in then}
    return [stone for stone in now if (stone["image"], stone["erased_at"]) not in known]


def amend(folder: Path, place: Path, names: Sequence[str], stones: Stones) -> tuple[list[str], list[str]]:
    """Erase in these backups what has been erased in the home since; the names of those that had anything of it.

    First of those that were made anew, then of those that were left, since a newer program made them. `place` is where
    that is made. Each backup is as it was until it is made anew, and then at once: its list is.
    """
    amended, left = list[str](), list[str]()
    for name in names:
        try:
            if _amended(folder, place, shelf.read(folder, name), stones):
                amended.append(name)
        except SchemaError:
            left.append(name)
    return amended, left


def _amended(folder: Path, place: Path, listed: Listed, stones: Stones) -> bool:
    source = shelf.kept(folder, listed.files[FILE])
    with untouched(source) as db:
        then = tombstones.on_request(db)
    if not (since := erased_since(then, stones)):
        return False
    migrations.refuse_newer(listed.schema)
    with open(source, "rb") as file:
        files.copy_durably(file, place / FILE)
    migrations.migrate(place, keep=False)  # a copy would have what is to be erased
    with opened(place) as db:
        with transaction(db):
            erasing.repeat(db, since)
        if not scrub(db):
            raise Conflict(f"what was erased can't be taken out of backup {listed.name}: is there room on its disk?")
        changed = _listed_anew(db, listed)
    with open(place / FILE, "rb") as file:
        changed.files[FILE] = shelf.put(folder, file)
    shelf.write(folder, changed)
    (place / FILE).unlink()
    return True


def _listed_anew(db: Database, listed: Listed) -> Listed:
    """The list of a backup whose database has been changed.

    What waited in the spool to be taken in may be of those who were erased, for nobody had read it: since they were
    erased when nothing waited, it has been taken in long ago, and is in the backups that came after.
    """
    held = {f"spool/{each.payload['spool']}" for each in quarantine.waiting(db)}
    own = {place: sha256 for place, sha256 in listed.files.items() if not place.startswith("spool/") or place in held}
    here = {row["file_sha256"] for row in images.all_files(db)}
    return replace(
        listed, schema=migrations.steps(db), audit_head=site.get(db, audit.HEAD) or "", files=own,
        images=[each for each in listed.images if each in here],
        damaged=[each for each in listed.damaged if each in here],
    )  # fmt: skip
