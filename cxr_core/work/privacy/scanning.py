"""Looking for identifiers that are known in all that the program has written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.dicom.dicom_file import is_dicom
from cxr_core.dicom.identifiers import Identifier, identifiers_of
from cxr_core.dicom.pseudonym import MOST_DAYS
from cxr_core.errors import BadInput, NotFound, RejectedFile
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import arrivals, destinations, images, pulls, senders, users
from cxr_core.store.db import opened
from cxr_core.work.guarding import open_to
from cxr_core.work.incoming import sources
from cxr_core.work.privacy import identity
from cxr_core.work.privacy.searching import UNREADABLE, Search
from cxr_core.work.privacy.spellings import Needles, listed, needles_of

_SOURCES = (".py", ".sql", ".js", ".css", ".html", ".toml", ".json")
_PROGRAM = Path(__file__).parents[1]


@dataclass(frozen=True)
class Known:
    """Where identifiers are known from, besides the envelopes of what came over the network."""

    listed: Path | None = None
    """A text file with one on each line."""
    originals: Path | None = None
    """DICOM files as they were: a file, a folder or a zip."""


@dataclass
class Scanned:
    """What was looked at, and for what."""

    files: int = 0
    bytes: int = 0
    identifiers: int = 0
    too_short: int = 0
    """Identifiers of fewer than three characters, which weren't sought."""
    common: int = 0
    """Those of which single words are the program's own, or the name of one of its users: sought in part, or not."""
    recent_birth_dates: int = 0
    """Birth dates that weren't sought, since X-rays here have such dates, too."""
    originals: int = 0
    envelopes: int = 0
    sealed: int = 0
    """Envelopes that could not be opened without CXR_IDENTITY_KEY."""
    found: int = 0
    unread: int = 0


@open_to(Role.ADMIN)
def scan(
    settings: Settings, user: User, known: Known, paths: Sequence[Path], tell: Callable[[dict[str, Any]], None]
) -> Scanned:
    """Look through the home and `paths`; `tell` is told of each hit, and of what can't be read.

    Raises NotFound for a path that isn't there, BadInput where no identifier is known, and as `identity.unseal`.
    """
    for path in (*paths, *filter(None, (known.listed, known.originals))):
        if not path.exists():
            raise NotFound(f"{path}: there is no such file or folder")
    scanned = Scanned()
    needles = _needles(settings, known, scanned)
    scanned.identifiers, scanned.too_short = needles.sought, needles.too_short
    scanned.common, scanned.recent_birth_dates = needles.common, needles.recent
    if not needles.sought:
        raise BadInput("nothing is known that could be sought: say --identifiers, --from or CXR_IDENTITY_KEY")
    search = Search(*needles.seekers())
    for path, name in _files([settings.home, *paths]):
        _look(search, path, name, scanned, tell)
    return scanned


def _look(search: Search, path: Path, name: str, scanned: Scanned, tell: Callable[[dict[str, Any]], None]) -> None:
    try:
        size = path.stat().st_size
        for hit in search.in_file(path, name):
            scanned.found += 1
            tell(hit.as_dict())
    except FileNotFoundError:  # gone meanwhile
        return
    except UNREADABLE as error:
        scanned.unread += 1
        tell({"file": search.in_name(name)[0], "unread": type(error).__name__})
    scanned.files += 1
    scanned.bytes += size


def _files(roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every file below these, hidden ones too, each once, with the name that it is told by."""
    seen: set[str] = set()
    for root in roots:
        for path in _below(root):
            if (real := os.path.realpath(path)) not in seen:
                seen.add(real)
                yield path, str(Path(root.name) / path.relative_to(root))


def _below(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
    for folder, folders, names in os.walk(root):
        folders.sort()
        yield from (path for name in sorted(names) if _is_file(path := Path(folder) / name))


def _is_file(path: Path) -> bool:
    """Not a pipe or a socket, which one could wait at for ever; what can't be looked at will be told of."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _needles(settings: Settings, known: Known, scanned: Scanned) -> Needles:
    identifiers = {*_listed(known.listed), *_originals(known.originals, scanned), *_enclosed(settings, scanned)}
    return needles_of(identifiers, _vocabulary(), _names(settings), _dates_from(settings))


def _listed(path: Path | None) -> Iterator[Identifier]:
    if path is not None:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        yield from (listed(line) for line in lines if line.strip())


def _originals(path: Path | None, scanned: Scanned) -> Iterator[Identifier]:
    for _, data in sources.contents([path] if path is not None else []):
        if isinstance(data, bytes) and is_dicom(data):
            try:
                yield from identifiers_of(data)
                scanned.originals += 1
            except RejectedFile:
                continue


def _enclosed(settings: Settings, scanned: Scanned) -> Iterator[Identifier]:
    with opened(settings.home) as db:
        for envelope in arrivals.envelopes(db):
            if settings.identity_key is None:
                scanned.sealed += 1
                continue
            scanned.envelopes += 1
            yield from identifiers_of(identity.unseal(settings, envelope, identity.ENVELOPE))


def _vocabulary() -> bytes:
    """The words of the program."""
    return b"\n".join(path.read_bytes() for path in sorted(_PROGRAM.rglob("*")) if path.suffix in _SOURCES)


def _names(settings: Settings) -> bytes:
    """What people, senders and destinations are called here, which tells of no patient."""
    with opened(settings.home) as db:
        names = [account.name for account in users.all_accounts(db)]
        names += [*senders.names(db).values(), *destinations.names(db).values()]
        names += [str(each.calling) for each in senders.allowed(db)]
        addresses = [each.address for each in destinations.in_use(db)]
        addresses += [each.address or {} for each in senders.asked(db)]
        names += [str(value) for address in addresses for value in address.values()]
        names += pulls.stations(db)
    return "\n".join(names).encode()


def _dates_from(settings: Settings) -> date:
    """The earliest day that an X-ray may be said to have been taken on: their dates are shifted."""
    with opened(settings.home) as db:
        first = images.first_taken_on(db)
    latest = clock.now().date() - timedelta(days=MOST_DAYS)
    return min(latest, date.fromisoformat(first)) if first else latest
