"""Cutting off the beginning of the audit log: written to a file first, which can still be checked, and on record."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError
from cxr_core.records import Role, User
from cxr_core.store import audit, audit_cut, files
from cxr_core.store.audit_chain import Head
from cxr_core.store.db import opened, transaction
from cxr_core.work.auditing.cut_files import FOLDER, LEAST, check_file, name_of
from cxr_core.work.guarding import OVERSIGHT, open_to

LOCK = "cutting.lock"


@dataclass(frozen=True)
class Cut:
    """What a cut takes off, or would."""

    first: int
    up_to: int
    """Row numbers; `up_to` is `first - 1` where there is nothing to be cut off."""
    rows: int
    file: str | None = None
    """What they were written to."""


@open_to(*OVERSIGHT)
def preview(home: Path, user: User, before: str) -> Cut:
    """What a cut of all that is older than a stamp would take off. Raises BadInput for one that is too young."""
    _require_old(before)
    with opened(home) as db:
        start, up_to = audit.last_cut(db), audit_cut.before(db, before)
    return Cut(start.number + 1, up_to.number, up_to.number - start.number)


@open_to(Role.ADMIN)
def cut(home: Path, user: User, before: str, folder: Path | None = None) -> Cut:
    """Write all that is older than a stamp to a file, then remove it in one transaction with the row that tells it.

    Raises BadInput for a stamp that is too young, IntegrityError, and nothing is changed, where the chain is broken.
    """
    _require_old(before)
    return cut_off(home, user.name, before, folder)


def cut_off(home: Path, actor: str, before: str, folder: Path | None = None) -> Cut:
    """The same in the name of whoever sees to it, for a stamp that is old enough; one process at a time.

    A cut that is broken off leaves no file; one that is killed does, which the next removes.
    """
    place = folder or home / FOLDER
    with files.held(home / LOCK) as alone:
        if not alone:
            raise BadInput("somebody else is cutting the log off: look again")
        with opened(home) as db:
            audit.verify(db)
        _remove_broken_off(home, place)
        try:
            return _cut_off(home, actor, before, place)
        except BaseException:
            _remove_broken_off(home, place)
            raise


def _cut_off(home: Path, actor: str, before: str, place: Path) -> Cut:
    with opened(home) as db:
        start, up_to = audit.last_cut(db), audit_cut.before(db, before)
        if up_to == start:
            return Cut(start.number + 1, start.number, 0)
        path = place / name_of(start, up_to)
        files.write_durably(path, _written(db, start, up_to))
        check_file(path)
        with transaction(db):
            elsewhere = path.parent.resolve() != (home / FOLDER).resolve()
            where = {"folder": str(path.parent.absolute())} if elsewhere else {}
            rows = audit_cut.cut(db, actor, up_to, rows=up_to.number - start.number, file=path.name, **where)
    return Cut(start.number + 1, up_to.number, rows, str(path))


def _remove_broken_off(home: Path, place: Path) -> None:
    """Remove files of cuts that didn't come to be; no other, for the log still has every row of theirs."""
    with opened(home) as db:
        start = audit.last_cut(db)
        for path in place.glob(f"audit-{start.number + 1}-*.jsonl.gz"):
            with suppress(IntegrityError):
                found = check_file(path)
                if found.start == start and audit_cut.has(db, found.end):
                    path.unlink()


def _written(db: Database, start: Head, up_to: Head) -> bytes:
    """A line that says after which row, then a line a row, as they are stored; the same rows give the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(f"{json.dumps({'after': str(start)})}\n".encode())
        for event in audit_cut.events(db, start.number, up_to.number):
            file.write(f"{json.dumps(event, sort_keys=True)}\n".encode())
    return packed.getvalue()


def _require_old(before: str) -> None:
    youngest = clock.stamp(clock.now() - LEAST)
    if before > youngest:
        raise BadInput(f"rows younger than a year stay: name a day before {youngest[:10]}")
