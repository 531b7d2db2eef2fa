"""A folder of backups: a pool of files that are named by their hash, and a list (manifest) for each backup in it.

A backup is there once its list is, which is written last. What no list names is swept away by the next backup.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cxr_core.errors import BadInput, Conflict, IntegrityError, NotFound
from cxr_core.store import files

LISTS, KEPT, IMAGES, MAKING, LOCK = "backups", "kept", "images", "making", "backup.lock"
"""Lists; databases and small files by hash; stored X-rays by hash, as in a home; what is in the making; the lock."""


NAME_IT = "name the folder that `python -m cxr_core backup` was given, or a copy of it"
"""What to do where there is no backup."""


@dataclass(frozen=True)
class Listed:
    """What one backup holds: its manifest."""

    made_at: str
    program: str
    """The version that made it."""
    schema: list[str]
    """The steps that its database has taken."""
    audit_head: str
    """Number and hash of the last event in its audit chain."""
    files: dict[str, str]
    """Hash by place in the home: database, secret, a plan of the site's own, and what waits sealed in the spool."""
    images: list[str]
    """Hashes of the stored X-rays."""
    damaged: list[str]
    """Hashes of those that were missing or changed in the home itself, and so are not here."""
    left_out: int
    """Files that waited unsealed in the spool."""

    @property
    def name(self) -> str:
        """By which it is asked for: when it was made."""
        return re.sub(r"[-:]", "", self.made_at.partition("+")[0]) + "Z"


def make(folder: Path) -> None:
    """Make a folder ready for backups. Raises BadInput for one that holds anything else."""
    if folder.exists() and not (folder / LISTS).is_dir() and files.lying_in(folder):
        raise BadInput(f"{folder} isn't empty and no folder of backups: name another")
    for path in (folder, *(folder / each for each in (IMAGES, KEPT, LISTS))):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def alone(folder: Path, reading: bool = False) -> Iterator[None]:
    """Nobody else changes the backups in a folder meanwhile. Raises Conflict where somebody does just now."""
    if reading and not (folder / LOCK).exists():
        yield  # brought here from elsewhere, maybe to where nothing can be written
        return
    with open(folder / LOCK, "rb" if reading else "ab") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if reading else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"another backup into {folder}, or a restore from it, is under way: wait") from error
        yield


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A place for what is in the making, empty at first and gone afterwards."""
    place = folder / MAKING
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def put(folder: Path, source: BinaryIO) -> str:
    """Keep what an open file holds, durably, under its hash, which is returned; there is a place in the `making`."""
    copy = folder / MAKING / "copy"
    sha256 = files.copy_durably(source, copy)
    copy.replace(kept(folder, sha256))
    files.sync(folder / KEPT)
    return sha256


def kept(folder: Path, sha256: str) -> Path:
    """Where what was kept under this hash lies."""
    return folder / KEPT / sha256


def write(folder: Path, listed: Listed) -> None:
    """Write a backup's list, sealed by its own hash: now the backup is there."""
    text = json.dumps(asdict(listed), sort_keys=True)
    whole = json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "list": text})
    files.write_durably(folder / LISTS / f"{listed.name}.json", whole.encode())


def names(folder: Path) -> list[str]:
    """The backups in a folder, oldest first."""
    return sorted(path.stem for path in folder.joinpath(LISTS).glob("*.json"))


def read(folder: Path, name: str | None = None) -> Listed:
    """The list of a backup, the newest if none is named. Raises NotFound, or IntegrityError if it has changed."""
    known = names(folder)
    if not known:
        raise NotFound(f"there is no backup in {folder}: {NAME_IT}")
    if name is not None and name not in known:
        raise NotFound(f"there is no backup {name} in {folder}; there are {', '.join(known)}")
    path = folder / LISTS / f"{name or known[-1]}.json"
    try:
        whole = json.loads(path.read_bytes())
        text = str(whole["list"])
        if hashlib.sha256(text.encode()).hexdigest() != whole["sha256"]:
            raise ValueError("it has changed")
        return Listed(**json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{LISTS}/{path.name} in {folder} has changed: restore another (--snapshot), or from another copy of the "
            "folder; so that backups into it go on, remove that file"
        ) from error


def damaged(path: Path, what: str) -> IntegrityError:
    """The error for a part of a backup that isn't what was written, with the remedy."""
    return IntegrityError(
        f"{path.parent.name}/{path.name} in the backup {what}: take another (--snapshot), or another copy"
    )


def prune(folder: Path, keep: int | None) -> None:
    """Remove all backups but the newest `keep` (None: none), then whatever no list names any more."""
    for name in names(folder)[:-keep] if keep else []:
        (folder / LISTS / f"{name}.json").unlink()
    files.sync(folder / LISTS)
    wanted = _named(read(folder, name) for name in names(folder))
    lying = (*folder.joinpath(KEPT).iterdir(), *folder.joinpath(IMAGES).glob("*/*"), *folder.joinpath(LISTS).iterdir())
    for path in lying:
        is_list = path.parent.name == LISTS and path.suffix == ".json"
        if not is_list and (path.suffix == ".partial" or path.name.partition(".")[0] not in wanted):
            path.unlink()


def _named(lists: Iterable[Listed]) -> set[str]:
    return {sha256 for listed in lists for sha256 in (*listed.files.values(), *listed.images)}
