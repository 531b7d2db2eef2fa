"""Cutting off the beginning of the audit log: written to a file first, which can still be checked, and on record."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError
from cxr_core.records import Role, User
from cxr_core.store import audit, audit_cut, files
from cxr_core.store.audit_chain import Head, follow, parsed
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import OVERSIGHT, open_to

FOLDER = "audit"
"""In the home: where the files go unless another folder is named."""
LOCK = "cutting.lock"
LEAST = timedelta(days=365)
"""No younger row is cut off. 45 CFR 164.316(b)(2)(i) asks for six years; a site may be told otherwise, but not less."""


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
        path = place / f"audit-{start.number + 1}-{up_to.number}.jsonl.gz"
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
                first, end = check_file(path)
                if first == start and audit_cut.has(db, end):
                    path.unlink()


def check_file(path: Path) -> tuple[Head, Head]:
    """Between which ends of the chain a file's rows stand; raises IntegrityError naming the first that is wrong."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            start = parsed(json.loads(next(lines))["after"])
            return start, follow(_events(lines), start)
    except (OSError, EOFError, StopIteration, ValueError, KeyError, BadInput) as error:
        raise IntegrityError(f"{path} isn't a whole file of the audit log: {error}") from error


@open_to(*OVERSIGHT)
def check_files(home: Path, user: User, folder: Path | None = None) -> list[str]:
    """What is wrong with the files that were cut off: each by itself, and whether each goes on from the one before.

    Of the home's own folder also what isn't there, unless the cut's row says that it went elsewhere.
    """
    problems, before = [], None
    found = sorted((folder or home / FOLDER).glob("audit-*.jsonl.gz"), key=_first_row)
    with opened(home) as db:
        last, recorded, told = audit.last_cut(db), audit_cut.cuts(db), audit_cut.told(db)
    for path in found:
        try:
            start, end = check_file(path)
        except IntegrityError as error:
            problems.append(str(error))
            before = None
            continue
        if end.number not in recorded:  # of a cut that was broken off: its rows are in the log, or in another file
            continue
        if before is not None and before != start:
            problems.append(f"{path} doesn't go on from the file before it: one is missing, or was written anew")
        before = end
    if folder is None:
        problems += _missing(found, told)
    if before is not None and folder is None and before != last:
        problems.append(
            f"the files of {FOLDER}/ end at row {before.number}, and the log goes on from row {last.number}"
        )
    return problems


def files_up_to(home: Path, end: Head) -> list[Path]:
    """The files in the home that were cut off up to this row, oldest first."""
    found = sorted((home / FOLDER).glob("audit-*-*.jsonl.gz"), key=_first_row)
    return [path for path in found if _number(path.name.split("-")[2].partition(".")[0]) <= end.number]


def _missing(there: list[Path], told: list[dict[str, Any]]) -> list[str]:
    """`told`: by rows of the chain; later cuts have taken some of these off, into files of their own."""
    cuts = [*(cut for path in there for cut in _told_in(path)), *told]
    names = {path.name for path in there}
    return [
        f"{FOLDER}/{cut['file']} is missing, with rows that were cut off: bring it back from a backup"
        for cut in cuts
        if "folder" not in cut and cut["file"] not in names
    ]


def _told_in(path: Path) -> list[dict[str, Any]]:
    """What a file's rows tell of cuts before it; nothing where it can't be read, which is a problem of its own."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            next(lines)
            return [json.loads(event["details"]) for event in _events(lines) if event["action"] == audit.CUT]
    except (OSError, EOFError, StopIteration, ValueError, KeyError):
        return []


def _first_row(path: Path) -> int:
    return _number(path.name.split("-")[1])


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    return map(json.loads, lines)


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
