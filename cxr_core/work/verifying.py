"""Checking that everything stored is what was stored."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import CxrError
from cxr_core.model import release
from cxr_core.records import User
from cxr_core.store import files, images, models, site
from cxr_core.store.db import opened
from cxr_core.work.auditing import checking
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.privacy import sweeping


@open_to(*OVERSIGHT)
def verify(home: Path, user: User) -> dict[str, Any]:
    """How many audit events, images and models were checked, and every `problems` found, in plain words.

    `not_checked`: what was cut off the audit log into files that lie elsewhere and aren't at hand.
    """
    lying = [path for place in ("images", "pictures") for path in home.joinpath(place).glob("*/*")]
    with opened(home) as db:
        log = checking.checked(db, home)
        problems = log.problem.splitlines()
        stored = images.all_files(db)
        for row in stored:
            try:
                files.get(home, row["file_sha256"])
            except CxrError as error:
                problems.append(f"image {row['id'][:12]}…: {error}")
        problems += _left_over(lying, stored, sweeping.files_left(home, db))
        if site.get(db, sweeping.UNFINISHED):
            problems.append("the database file may still keep what was erased: start the program again, which wipes it")
        versions = models.all_models(db)
        problems += [problem for row in versions for problem in _model(db, row)]
    return {
        "audit_events": log.events, "images": len(stored), "models": len(versions), "problems": problems,
        "not_checked": log.unchecked.splitlines(),
    }  # fmt: skip


def _left_over(lying: list[Path], stored: list[dict[str, Any]], erased: list[Path]) -> list[str]:
    """Files that no image has: those of erased ones, and whatever else was left behind."""
    wanted = {name for row in stored for name in (row["id"], row["file_sha256"])}
    strays = {path for path in lying if path.name.split(".")[0] not in wanted} - set(erased)
    # A file younger than this may belong to an image whose row is being written at this moment.
    old = sorted(path for path in strays if files.is_older_than(path, 600))
    remedy = "remove it, unless you bring back the database that knows it"
    return [
        *(f"{_named(path)} is of an erased image: start the program again, which removes it" for path in erased),
        *(f"{_named(path)} belongs to no image: {remedy}" for path in old),
    ]


def _named(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.parent.name}/{path.name}"


def _model(db: Database, row: dict[str, Any]) -> list[str]:
    wanted = row["weights_sha256"]
    data = release.weights_of(wanted) or models.weights(db, wanted)
    if data is None:
        return [f"model {row['name']}: its weights are missing"]
    if hashlib.sha256(data).hexdigest() != wanted or row["card"]["weights_sha256"] != wanted:
        return [f"model {row['name']}: its weights are not those its card was written for"]
    return []
