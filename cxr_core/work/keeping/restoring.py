"""Bringing a home back from a backup: every hash is checked aside, then it is there, or nothing is."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_core.errors import Conflict, CxrError, IntegrityError, NotFound
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, files, migrations, secret, sessions
from cxr_core.store.db import FILE, opened, transaction
from cxr_core.work import opening, verifying
from cxr_core.work.auditing import cut_files
from cxr_core.work.guarding import open_to
from cxr_core.work.keeping import shelf
from cxr_core.work.keeping.shelf import Listed
from cxr_core.work.models import change_plan

_BROUGHT = {
    "restoring", "images", "spool", cut_files.FOLDER, secret.FILE, change_plan.FILE, "migrating.lock", f"{FILE}-wal",
    f"{FILE}-shm",
}  # fmt: skip
"""What lies in a home into which a restore was broken off."""
Tell = Callable[[dict[str, Any]], None]
_SPOOLED = re.compile(r"spool/[0-9a-f-]+")
_CUT_OFF = re.compile(rf"{cut_files.FOLDER}/audit-[0-9]+-[0-9]+\.jsonl\.gz")
"""What a list may name in a home, besides the files that are its own."""


@dataclass(frozen=True)
class Restored:
    """A home that is back."""

    backup: str
    made_at: str
    images: int
    steps: list[str]
    """The schema steps that were taken since the program is newer than the backup."""
    verified: dict[str, Any]
    """What `verify` says of it."""


@open_to(Role.ADMIN)
def restore(settings: Settings, user: User, folder: Path, name: str | None, tell: Tell) -> Restored:
    """Bring the home back as it was at a backup, the newest if none is named, into a folder that is empty.

    Raises NotFound where no backup is, Conflict for a home in which anything lies, IntegrityError naming what is
    missing or has changed in the backup, SchemaError for one that a newer program made. Of what fails nothing is there
    but what the next try removes.
    """
    home, steps = settings.home, list[str]()
    if not os.access(folder, os.R_OK | os.X_OK):
        raise NotFound(f"there is no folder {folder} that the user who runs this may read: {shelf.NAME_IT}")
    with shelf.alone(folder, reading=True):
        listed = shelf.read(folder, name)
        migrations.refuse_newer(listed.schema)
        with _alone(home):
            if not _is_there(home, listed):
                _require_empty(home)
                steps = _bring(home, user, folder, listed, tell)
                _appear(home)
            shutil.rmtree(opening.aside(home), ignore_errors=True)
    return Restored(listed.name, listed.made_at, len(listed.images), steps, verifying.verify(home, user))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Nobody else restores into this home, which is made if need be, meanwhile."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict(f"a backup is being brought back into {home} already: wait") from error
    finally:
        os.close(descriptor)


def _is_there(home: Path, listed: Listed) -> bool:
    """Whether a restore of this very backup was broken off when all was there, and nobody has worked in it since."""
    if not (opening.aside(home).exists() and migrations.has_database(home)):
        return False
    with opened(home) as db:
        return not migrations.pending(db) and audit.newest(db) == ("restore", listed.name)


def _require_empty(home: Path) -> None:
    lying = {path.name for path in files.lying_in(home)}
    left = _BROUGHT if opening.aside(home).exists() else set()
    if lying - left:
        raise Conflict(f"{home} isn't empty: set CXR_HOME to an empty folder, or one that is to be made")


def _bring(home: Path, user: User, folder: Path, listed: Listed, tell: Tell) -> list[str]:
    """Put the home together beside the place where it will be; the schema steps that were taken there."""
    aside = opening.aside(home)
    _clear(home)
    try:
        aside.mkdir(mode=0o700)
        home.chmod(0o700)
        _copy(aside, folder, listed, tell)
        return _made_ready(aside, user, listed)
    except BaseException:
        _clear(home)
        raise


def _copy(aside: Path, folder: Path, listed: Listed, tell: Tell) -> None:
    """Copy all that a backup holds, and check each hash."""
    of = len(listed.files) + len(listed.images)
    for done, (place, sha256) in enumerate(listed.files.items(), 1):
        _bring_file(aside, folder, place, sha256)
        tell({"doing": "files", "done": done, "of": of})
    for done, sha256 in enumerate(listed.images, 1 + len(listed.files)):
        _bring_image(aside, folder, sha256)
        tell({"doing": "files", "done": done, "of": of})


def _made_ready(aside: Path, user: User, listed: Listed) -> list[str]:
    """Do all that is to be done in a home that is brought back before anybody finds one there; the steps taken."""
    steps = migrations.migrate(aside, keep=False)  # what it was before is in the backup
    if steps:
        opening.open_home(aside)
    with opened(aside) as db, transaction(db):
        sessions.end_every(db)  # else one that has been ended since would be open again
        audit.record(db, user.name, "restore", listed.name, database=listed.files[FILE])
    return steps


def _clear(home: Path) -> None:
    """Remove what a restore that was broken off, or fails, has left."""
    for path in files.lying_in(home):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _bring_file(aside: Path, folder: Path, place: str, sha256: str) -> None:
    known = place in (FILE, secret.FILE, change_plan.FILE) or _SPOOLED.fullmatch(place) or _CUT_OFF.fullmatch(place)
    if not known:
        raise IntegrityError(f"the backup names {place!r}, which belongs in no home")
    source = shelf.kept(folder, sha256)
    try:
        with open(source, "rb") as file:
            found = files.copy_durably(file, aside / place)
    except FileNotFoundError as error:
        raise shelf.damaged(source, "is missing") from error
    if found != sha256:
        raise shelf.damaged(source, "has changed")


def _bring_image(aside: Path, folder: Path, sha256: str) -> None:
    source = files.path_of(folder, sha256)
    try:
        files.put(aside, files.get(folder, sha256))
    except CxrError as error:
        raise shelf.damaged(source, "has changed, or can't be read" if source.exists() else "is missing") from error


def _appear(home: Path) -> None:
    """Move all to its place, the database last: without one there is no home."""
    if migrations.has_database(home):
        raise _in_use(home)
    aside = opening.aside(home)
    for path in aside.iterdir():
        if path.name != FILE:
            path.rename(home / path.name)
    files.sync(home)
    try:
        os.link(aside / FILE, home / FILE)  # a rename would replace what somebody has made there meanwhile
    except FileExistsError as error:
        raise _in_use(home) from error
    files.sync(home)


def _in_use(home: Path) -> Conflict:
    return Conflict(f"somebody has begun to use {home} meanwhile: set CXR_HOME to an empty folder")
