"""What is older than the site keeps it goes: by a command, or by the worker, once a day and at leisure."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from cxr_core import clock
from cxr_core.errors import CxrError
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import site
from cxr_core.store.db import emptied_log, opened, transaction
from cxr_core.work.auditing import cutting
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.keeping.kinds import KINDS, Due, Kind
from cxr_core.work.privacy import sweeping

AT_ONCE = 20
"""Things that go in one transaction: others write in between."""
LOOK_SECONDS = 300.0
"""Between two looks of a worker whether a day has begun."""
PAUSE_SECONDS = 0.5
"""Between two looks whether somebody still waits."""
LOOKED_ON = "retention looked on"
"""The fact of the site that says on which day a worker last saw to it."""
AUDIT, WRITTEN_OUT = "audit", "rows are written to a file of the home's first"
PROGRAM = "program"
Tell = Callable[[dict[str, Any]], None]
log = logging.getLogger(__name__)


@dataclass
class Looked:
    """What there is of a kind that is older than the site keeps it."""

    kind: str
    days: int
    goes: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    """How many of those somebody might miss, and why."""
    stays: dict[str, int] = field(default_factory=dict)
    """How many stay, and why."""


@open_to(*OVERSIGHT)
def preview(settings: Settings, user: User, tell: Tell) -> list[Looked]:
    """What would go, and what stays and why; `tell` is told of each thing. Nothing is changed."""
    with opened(settings.home) as db:
        found = [_counted(kind, kind.days(settings), kind.due(db, _before(kind.days(settings)), None), tell)
                 for kind in _limited(settings)]  # fmt: skip
    if days := settings.keep_audit_days:
        rows = cutting.preview(settings.home, user, _before(days)).rows
        found.append(Looked(AUDIT, days, rows, {WRITTEN_OUT: rows} if rows else {}))
    return found


@open_to(Role.ADMIN)
def let_go(settings: Settings, user: User, tell: Tell) -> list[Looked]:
    """Take away what is old enough and has no reason to stay; what `preview` says, with what goes gone."""
    found = preview(settings, user, tell)
    for _ in letting_go(settings, user.name):
        pass
    return found


def letting_go(settings: Settings, actor: str) -> Iterator[int]:
    """Take away what is old enough and has no reason to stay, some at each step; yields how many went.

    The rows go first, then the files: what is left of these is removed at any later start.
    """
    for kind in _limited(settings):
        before = _before(kind.days(settings))
        with opened(settings.home) as db:
            old = [due["what"] for due in kind.due(db, before, None) if due["stays"] is None]
        for start in range(0, len(old), AT_ONCE):
            yield _removed(settings, actor, kind, old[start : start + AT_ONCE])
    sweeping.finish(settings.home)
    if days := settings.keep_audit_days:
        yield cutting.cut_off(settings.home, actor, _before(days)).rows
    with opened(settings.home) as db:
        emptied_log(db)  # where somebody reads meanwhile, later writing overwrites it, or the next day empties it


def retaining(settings: Settings, is_at_leisure: Callable[[], bool], apart: Callable[..., Thread]) -> Iterator[bool]:
    """A worker's chore: once a day, where a setting asks for it and nobody waits, let go what is old enough.

    A thread does it, begun by `apart`: to cut off a long log takes minutes. A day that was broken off begins anew.
    """
    looked_at, thread = -LOOK_SECONDS, None
    while True:
        if time.monotonic() - looked_at >= LOOK_SECONDS and _keeps_less(settings) and is_at_leisure():
            looked_at, today = time.monotonic(), clock.stamp()[:10]
            if not (thread and thread.is_alive()) and not _was_seen_to(settings.home, today):
                thread = apart(_see_to, settings, is_at_leisure, today)
        yield False


def _see_to(settings: Settings, is_at_leisure: Callable[[], bool], today: str) -> None:
    """Where it goes wrong it would again: the log says so, and the next try is tomorrow's."""
    try:
        for _ in letting_go(settings, PROGRAM):
            while not is_at_leisure():
                time.sleep(PAUSE_SECONDS)
    except CxrError as error:
        log.error("not all that is old enough went today: %s", error)
    finally:
        with opened(settings.home) as db, transaction(db):
            site.put(db, LOOKED_ON, today)


def _was_seen_to(home: Path, today: str) -> bool:
    with opened(home) as db:
        return site.get(db, LOOKED_ON) == today


def _limited(settings: Settings) -> list[Kind]:
    return [kind for kind in KINDS if kind.days(settings)]


def _keeps_less(settings: Settings) -> bool:
    return bool(_limited(settings) or settings.keep_audit_days)


def _before(days: int) -> str:
    return clock.ago(days=days)


def _counted(kind: Kind, days: int, found: Iterator[Due], tell: Tell) -> Looked:
    goes, notes, stays = 0, Counter[str](), Counter[str]()
    for due in found:
        tell({"kind": kind.name, **due})
        if due["stays"]:
            stays[due["stays"]] += 1
            continue
        goes += 1
        if due["note"]:
            notes[due["note"]] += 1
    return Looked(kind.name, days, goes, dict(notes), dict(stays))


def _removed(settings: Settings, actor: str, kind: Kind, names: list[str]) -> int:
    """Remove those that may still go: somebody may have opened one, or a retrain taken it, meanwhile."""
    gone = 0
    with opened(settings.home) as db, transaction(db):
        for name in names:
            for due in list(kind.due(db, _before(kind.days(settings)), name)):
                if due["stays"] is None:
                    kind.remove(db, actor, due, kind.days(settings))
                    gone += 1
    return gone
