"""The files with what was cut off the audit log: whether each is whole and at hand, and has the ends that were kept."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, IntegrityError
from cxr_core.store import audit_cut
from cxr_core.store.audit_chain import Head, follow, parsed
from cxr_core.store.audit_cut import Cut

FOLDER = "audit"
"""In the home: where the files go unless another folder is named."""
LEAST = timedelta(days=365)
"""No younger row is cut off. 45 CFR 164.316(b)(2)(i) asks for six years; a site may be told otherwise, but not less."""

_BROKEN = (
    OSError, EOFError, StopIteration, ValueError, LookupError, TypeError, AttributeError, zlib.error, BadInput,
)  # fmt: skip
"""What reading something that is no such file raises."""


@dataclass
class CutOff:
    """What a file has."""

    start: Head
    """The row before its first."""
    end: Head
    youngest: str = ""
    """The stamp of its youngest row."""
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What its rows tell of cuts before it, as `audit_cut.told`."""

    def noted(self, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The rows, noted as they pass."""
        for event in map(json.loads, lines):
            self.youngest = max(self.youngest, event["at"])
            self.told |= audit_cut.told([event])
            yield event


@dataclass(frozen=True)
class Found:
    """What looking at the files came to, in words."""

    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    """What lies elsewhere and isn't at hand here."""


@dataclass(frozen=True)
class Looked:
    """Where is looked, and for what."""

    home: Path
    kept: dict[int, Head]
    """Ends of the chain that were kept, by number."""
    by_hand: Collection[Head] = ()
    """Those that somebody gave: where one can't be looked for, that is a problem."""
    folders: Collection[Path] = ()
    """Besides the home's own, and that which the log tells."""


def name_of(start: Head, end: Head) -> str:
    """The name of the file with the rows after one up to another."""
    return f"audit-{start.number + 1}-{end.number}.jsonl.gz"


def check_file(path: Path, kept: dict[int, Head] | None = None) -> CutOff:
    """What a file has, beside ends that were kept; raises IntegrityError naming the first row that is wrong."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            start = parsed(json.loads(next(lines))["after"])
            found = CutOff(start, start)
            found.end = follow(found.noted(lines), start, kept)
            return found
    except _BROKEN as error:
        raise IntegrityError(f"{path} isn't a whole file of the audit log: {error}") from error


def look(db: Database, looked: Looked) -> Found:
    """Look at the files of all cuts that are on record, and in them for the ends that were kept.

    The newest first: of a cut the log tells where its file went, until a later cut takes that row off into its own.
    """
    found, told, cuts = Found(), audit_cut.told(audit_cut.telling(db)), audit_cut.cuts(db)
    for cut in reversed(cuts):
        where = told.get(str(cut.end.number))
        copies = _copies(looked, cut, where)
        for path in copies:
            try:
                told = _checked(path, cut, looked, where).told | told
            except IntegrityError as error:
                found.problems.append(str(error))
        if not copies:
            _tell_missing(found, cut, looked, where)
    for folder in looked.folders:
        if not any(_is_at_hand(folder / name_of(cut.start, cut.end)) for cut in cuts):
            found.problems.append(f"{folder} has no file of rows that were cut off this log: name the folder with them")
    return found


def files_up_to(home: Path, end: Head) -> list[Path]:
    """The files in the home that were cut off up to this row, oldest first."""
    found = sorted((home / FOLDER).glob("audit-*-*.jsonl.gz"), key=lambda path: _number(path.name.split("-")[1]))
    return [path for path in found if _number(path.name.split("-")[2].partition(".")[0]) <= end.number]


def _copies(looked: Looked, cut: Cut, where: dict[str, Any] | None) -> list[Path]:
    told = [Path(where["folder"])] if where and "folder" in where else []
    own, *others = (place / name_of(cut.start, cut.end) for place in (looked.home / FOLDER, *told, *looked.folders))
    return [*([own] if own.exists() else []), *filter(_is_at_hand, dict.fromkeys(others))]


def _is_at_hand(path: Path) -> bool:
    """Whether this process may read it: what was cut off by somebody else, elsewhere, may be theirs alone."""
    try:
        return path.is_file() and os.access(path, os.R_OK)
    except OSError:
        return False


def _checked(path: Path, cut: Cut, looked: Looked, where: dict[str, Any] | None) -> CutOff:
    found = check_file(path, {number: head for number, head in looked.kept.items() if number <= cut.end.number})
    if found.start != cut.start:
        raise IntegrityError(f"{path} doesn't go on from the file before it: one is missing, or was written anew")
    if found.end != cut.end:
        raise IntegrityError(f"{path} doesn't end with the row {cut.end.number} that the log goes on from")
    cut_at = min(clock.stamp(), where["at"] if where else cut.at)
    if cut_at < _may_go(path, found.youngest):
        raise IntegrityError(
            f"{path} has rows that were younger than a year when they were cut off: the program never cuts those"
        )
    return found


def _may_go(path: Path, youngest: str) -> str:
    try:
        return clock.stamp(datetime.fromisoformat(youngest) + LEAST)
    except (ValueError, OverflowError) as error:
        raise IntegrityError(f"{path} has a row of no time: {error}") from error


def _tell_missing(found: Found, cut: Cut, looked: Looked, where: dict[str, Any] | None) -> None:
    name, ends = _named(cut, where), _within(cut, looked.kept)
    if where and "folder" not in where:
        found.problems.append(f"{name} is missing, with rows that were cut off: bring it back from a backup")
    else:
        rows, told = f"rows {cut.start.number + 1} to {cut.end.number}", len(ends - set(looked.by_hand))
        ends_too = f", with {told} of the ends that reports have told" if told else ""
        found.unchecked.append(
            f"{rows} were cut off into {name}, which isn't at hand{ends_too}: `audit verify --files DIR` looks there"
        )
    by_hand = sorted(ends & set(looked.by_hand), key=lambda head: head.number)
    found.problems.extend(
        f"the end {head} can't be checked: row {head.number} was cut off into {name}, which isn't at hand; "
        "name the folder with that file by --files DIR"
        for head in by_hand
    )


def _within(cut: Cut, kept: dict[int, Head]) -> set[Head]:
    return {head for number, head in kept.items() if cut.start.number < number <= cut.end.number}


def _named(cut: Cut, where: dict[str, Any] | None) -> str:
    """The file, and where it went, as far as the log tells."""
    name = name_of(cut.start, cut.end)
    return name if where is None else str(Path(where.get("folder", FOLDER)) / name)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
