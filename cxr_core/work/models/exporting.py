"""Training sets as folders, for other tools: the files by side and class, and the manifest that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, ModelError
from cxr_core.model.dataset import Sample
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, files, images, tombstones, training_sets
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import open_to
from cxr_core.work.models.base_data import base_samples

MANIFEST = "manifest.json"
EXPORT = "export training set"
"""In the audit chain."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    training_set: str
    files: int


@open_to(Role.ADMIN)
def export(settings: Settings, user: User, training_set: str, folder: Path) -> Exported:
    """Write FOLDER/side/CLASS/… and FOLDER/manifest.json; the same set gives the same bytes.

    `training_set` may be shortened. The manifest's bytes have the set's name as their SHA-256, and each file its own as
    its name. Raises NotFound for no such set, BadInput if the folder isn't empty, ModelError if an image is gone.
    """
    if folder.exists() and files.lying_in(folder):
        raise BadInput(f"{folder} isn't empty: name a new folder")
    with opened(settings.home) as db:
        name = training_sets.named(db, training_set)
        text, items = training_sets.text(db, name), training_sets.get(db, name)["items"]
        tombstones.require_whole(db, [item["image"] for item in items])
        with transaction(db):
            audit.record(db, user.name, EXPORT, name, files=len(items))
        known = base_samples(db, settings, items)
        for item in items:
            sha256, suffix, data = _file(db, settings, item, known)
            files.write_durably(folder / item["side"] / item["label"].upper() / f"{sha256}{suffix}", data)
    files.write_durably(folder / MANIFEST, text.encode())
    return Exported(name, len(items))


def _file(db: Database, settings: Settings, item: dict[str, Any], known: dict[str, Sample]) -> tuple[str, str, bytes]:
    """Content hash, suffix and bytes of an item's file."""
    if item["origin"] != training_sets.BASE:
        sha256 = item.get("content") or images.get(db, item["image"])["file_sha256"]
        return sha256, ".dcm", files.get(settings.home, sha256)
    if item["image"] not in known:
        raise ModelError("an image of the base data is missing: set CXR_BASE_DATA to the folder that was used")
    path = known[item["image"]].path
    return item["image"], path.suffix.lower(), path.read_bytes()
