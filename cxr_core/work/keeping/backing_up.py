"""Backing a home up while everything runs: the database as of one moment, then every file that it names."""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Error
from typing import Any, BinaryIO

from sqlite_utils import Database

from cxr_core import __version__, clock
from cxr_core.errors import BadInput, Conflict, CxrError
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, files, images, migrations, seal, secret, site, tombstones
from cxr_core.store.db import FILE, copy, looked_through, opened, transaction
from cxr_core.work.auditing import cut_files
from cxr_core.work.guarding import open_to
from cxr_core.work.incoming import spool
from cxr_core.work.keeping import amending, last_backup, shelf
from cxr_core.work.keeping.shelf import Listed
from cxr_core.work.models import change_plan
from cxr_core.work.privacy import identity

Tell = Callable[[dict[str, Any]], None]
ATTEMPTS = 3
"""At a backup, where patients are erased, or X-rays go by their age, while it is made."""
SPARE_FILES = 64
"""That a process may have open besides those of the spool."""


@dataclass(frozen=True)
class Made:
    """A backup that is whole."""

    backup: str
    """Its name, by which it is restored."""
    images: int
    new_images: int
    """Those that weren't in the folder before."""
    database_sha256: str
    audit_head: str
    damaged: list[str]
    """Hashes of X-rays that are missing or changed in the home, and so are not in the backup."""
    left_out: int
    """Files that wait in the spool unsealed: they name patients, and are to be sent again after a restore."""
    amended: list[str]
    """Older backups from which was taken what was erased since."""
    not_amended: list[str]
    """Those that still have it, for a newer program made them."""
    backups: list[str]
    """All that are in the folder now, oldest first."""
    sealed: bool
    """Whether the site seals what identifies: the key that opens it isn't in the backup."""


@dataclass
class _Moment:
    """The home as of one moment."""

    made_at: str
    database: str
    """The hash of its copy."""
    schema: list[str]
    audit_head: str
    images: list[str]
    stones: list[dict[str, Any]]
    beside: dict[str, str] = field(default_factory=dict)
    """Hash by place of what belongs to the database of that moment: what waits sealed, and the log's cut-off parts."""
    left_out: int = 0


@open_to(Role.ADMIN)
def back_up(settings: Settings, user: User, folder: Path, keep: int | None, tell: Tell) -> Made:
    """Make a backup of the home in a folder outside of it, and remove all but the newest `keep`, where that is said.

    Raises BadInput for a folder that can't be used, Conflict while another backup into it is under way, or X-rays
    are removed again and again meanwhile. A backup that fails leaves those before it as they were.
    """
    home = settings.home
    _require_place(home, folder)
    try:
        _make(folder)
        with shelf.alone(folder):
            return _backed_up(home, user, folder, keep, tell)
    except (CxrError, OSError, Error) as error:
        last_backup.note_failed(home, str(error))
        raise


def _require_place(home: Path, folder: Path) -> None:
    if folder.resolve() == home.resolve() or seal.is_inside(folder, home):
        raise BadInput(f"{folder} lies in the home, and would be lost with it: name a folder on another disk")
    if seal.is_inside(home, folder):
        raise BadInput(f"the home lies in {folder}: name a folder for backups alone, on another disk")


def _make(folder: Path) -> None:
    """Make the folder ready. Raises BadInput for one that can't be, or in which this user may not write."""
    try:
        shelf.make(folder)
        (folder / shelf.LOCK).touch()
    except OSError as error:
        remedy = "name a folder that the user who runs this may write in, or one that is to be made"
        raise BadInput(f"{folder} can't hold backups ({error.strerror}): {remedy}") from error


def _backed_up(home: Path, user: User, folder: Path, keep: int | None, tell: Tell) -> Made:
    with shelf.making(folder) as place:
        own = _own_files(home, folder)
        for _ in range(ATTEMPTS):
            moment = _looked_at(home, folder, place, tell)
            new, damaged = _copy_images(home, folder, moment.images, tell)
            with opened(home) as db:
                stones = tombstones.on_request(db)
                lost = set(damaged) & {row["file_sha256"] for row in images.all_files(db)}
            if not amending.erased_since(moment.stones, stones) and lost == set(damaged):
                break  # else what was removed meanwhile would be in it, or missing in it
        else:
            raise Conflict("X-rays were removed while the backup was made, each time anew: try again later")
        listed = Listed(
            moment.made_at, __version__, moment.schema, moment.audit_head,
            {FILE: moment.database, **own, **moment.beside},
            [each for each in moment.images if each not in damaged], damaged, moment.left_out,
        )  # fmt: skip
        shelf.write(folder, listed)
        with opened(home) as db, transaction(db):  # it is there, whatever becomes of the older ones
            audit.record(db, user.name, "back up", listed.name, database=moment.database, images=len(listed.images))
            last_backup.note_made(db, listed.made_at, folder)
            sealed = identity.public_key(db) is not None
        others = [name for name in shelf.names(folder) if name != listed.name]
        amended, left = amending.amend(folder, place, others, stones)
    shelf.prune(folder, keep)
    return Made(
        listed.name, len(listed.images), new, moment.database, moment.audit_head, damaged, moment.left_out, amended,
        [name for name in left if name in shelf.names(folder)], shelf.names(folder), sealed,
    )  # fmt: skip


def _own_files(home: Path, folder: Path) -> dict[str, str]:
    """Keep the site's secret, and its own plan if it has one. Raises Conflict where the folder is another home's."""
    kept = {}
    for name in (secret.FILE, change_plan.FILE):
        if (home / name).exists():
            with open(home / name, "rb") as file:
                kept[name] = shelf.put(folder, file)
    for name in shelf.names(folder)[-1:]:
        if shelf.read(folder, name).files[secret.FILE] != kept.get(secret.FILE):
            raise Conflict(f"{folder} has the backups of another home: name another folder")
    return kept


def _looked_at(home: Path, folder: Path, place: Path, tell: Tell) -> _Moment:
    with ExitStack() as held:
        db = held.enter_context(opened(home))
        with opened(home) as other, transaction(other):  # nothing comes in or leaves the spool in between
            looked_through(db)
            waiting, left_out = _spooled(home, db, held)
        copy(db, place / FILE, lambda done, of: tell({"doing": "database", "done": done, "of": of}))
        with open(place / FILE, "rb") as file:
            database = shelf.put(folder, file)
        moment = _Moment(
            clock.stamp(), database, migrations.steps(db), site.get(db, audit.HEAD) or "",
            [row["file_sha256"] for row in images.all_files(db)], tombstones.on_request(db), left_out=left_out,
        )  # fmt: skip
        for token, sealed in waiting.items():
            moment.beside[f"{spool.folder(home).name}/{token}"] = shelf.put(folder, sealed)
        for path in cut_files.files_up_to(home, audit.last_cut(db)):
            with open(path, "rb") as file:
                moment.beside[f"{cut_files.FOLDER}/{path.name}"] = shelf.put(folder, file)
    (place / FILE).unlink()
    return moment


def _spooled(home: Path, db: Database, held: ExitStack) -> tuple[dict[str, BinaryIO], int]:
    """What waits in the spool sealed, by its token, and how many files wait there unsealed.

    It is held open, so that it can be copied even once intake has removed it.
    """
    found, left_out, tokens = dict[str, BinaryIO](), 0, spool.wanted(db)
    _let_open(len(tokens) + SPARE_FILES)
    for token in sorted(tokens):
        try:
            file: BinaryIO = held.enter_context((spool.folder(home) / token).open("rb"))
        except FileNotFoundError:
            continue  # its job says so when its turn comes
        if seal.is_sealed(file.read(len(seal.MARK))):
            file.seek(0)
            found[token] = file
        else:
            left_out += 1
    return found, left_out


def _let_open(count: int) -> None:
    """Let this process have so many files open at a time, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Conflict(f"{count - SPARE_FILES} files wait in the spool, more than can be held open: try again later")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def _copy_images(home: Path, folder: Path, wanted: list[str], tell: Tell) -> tuple[int, list[str]]:
    """Copy what isn't in the folder yet; how many were copied, and the hashes of those that the home has lost."""
    new, damaged = 0, []
    for number, sha256 in enumerate(wanted, 1):
        if not files.path_of(folder, sha256).exists():
            try:
                files.put(folder, files.get(home, sha256))
                new += 1
            except CxrError:
                damaged.append(sha256)
        tell({"doing": "images", "done": number, "of": len(wanted)})
    return new, damaged
