"""What is older than the site keeps it goes: by a command, or by the worker, once a day and at leisure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxr_core import clock
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
LOOKED_ON = "retention looked on"
"""The fact of the site that says on which day a worker last saw to it."""
AUDIT, WRITTEN_OUT = "audit", "rows are written to a file of the home's first"
PROGRAM = "program"
Tell = Callable[[dict[str, Any]], None]


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
        emptied_log(db)  # where somebody reads meanwhile, later writing overwrites it


def retaining(settings: Settings, is_at_leisure: Callable[[], bool]) -> Iterator[bool]:
    """A worker's chore: once a day, where a setting asks for it and nobody waits, let go what is old enough."""
    looked_at = -LOOK_SECONDS
    while True:
        if time.monotonic() - looked_at < LOOK_SECONDS or not _keeps_less(settings) or not is_at_leisure():
            yield False
            continue
        looked_at = time.monotonic()
        if not _begins(settings.home):
            continue
        for _ in letting_go(settings, PROGRAM):
            yield True
            while not is_at_leisure():
                yield False


def _begins(home: Path) -> bool:
    """Whether nobody has seen to it today; somebody has then."""
    today = clock.stamp()[:10]
    with opened(home) as db, transaction(db):
        if site.get(db, LOOKED_ON) == today:
            return False
        site.put(db, LOOKED_ON, today)
    return True


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
