"""Looking once a day: what changed becomes an alarm with an owner, a cause, an action and an end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.drift.causes import likely
from cxr_core.drift.sight import SITE, Said, Scope
from cxr_core.drift.trace import WINDOW_DAYS, State
from cxr_core.errors import BadInput, Conflict, CxrError
from cxr_core.records import Role, User
from cxr_core.store import alarms, audit, images, messages, site, site_references
from cxr_core.store.alarms import Alarm
from cxr_core.store.db import opened, transaction
from cxr_core.store.messages import Event
from cxr_core.work.drift import sighting
from cxr_core.work.drift.sighting import Seen
from cxr_core.work.guarding import OVERSIGHT, open_to

log = logging.getLogger(__name__)

LOOK_SECONDS = 300.0
SHOWN = 6
"""Images of each side beside an alarm."""
CHANGED = (State.ALARM, State.WATCH)
Key = tuple[str, str, str]
"""A signal's scope, reference and name."""
LOOKED_UP_TO = "drift looked up to"
"""The fact of the site that says which day was looked at last."""


@dataclass(frozen=True)
class Told:
    """An alarm with the signals that spoke, and images from before and now."""

    alarm: Alarm
    signals: list[dict[str, Any]]
    before: list[str]
    """Ids of images of the site's reference, to look at beside those of now; empty without one."""
    now: list[str]
    """Ids of the newest images since it began, of the same place."""

    @property
    def place(self) -> dict[str, str]:
        """The device or view that it is about, by its kind; empty for all of the site."""
        kind, _, name = self.alarm.scope.partition(" ")
        return {kind: name} if name else {}


def look(home: Path, channels: Sequence[str] = ()) -> list[int]:
    """Look at every day that has ended since the last look; returns the numbers of alarms that were opened.

    They are told on the `channels`. Nothing is done where the running model has no reference.
    """
    yesterday = clock.now().date() - timedelta(days=1)
    with opened(home) as db:
        first = _first_day(db, yesterday)
        if first > yesterday:
            return []
        try:
            found = sighting.seen(db, yesterday)
        except CxrError as error:
            log.error("what came in can't be looked at: %s", error)
            return []
        said = {day: found.sight.on(day) for day in _days(db, found, first, yesterday)}
        with transaction(db):
            if _first_day(db, yesterday) != first:
                return []  # another worker did meanwhile
            numbers = [number for day, words in said.items() for number in look_at(db, found, words, day)]
            for number in numbers:
                messages.queue(db, number, Event.OPENED, channels)
            site.put(db, LOOKED_UP_TO, yesterday.isoformat())
    return numbers


def look_anew(home: Path) -> list[int]:
    """Look at every day from the first on, as after days had come in that had been looked at when they were empty."""
    with opened(home) as db:
        site.put(db, LOOKED_UP_TO, date.min.isoformat())
    return look(home)


def looking(home: Path, is_at_leisure: Callable[[], bool], channels: Sequence[str] = ()) -> Iterator[bool]:
    """A worker's chore: every few minutes, where nobody waits, a step looks whether a day has ended."""
    looked_at = -LOOK_SECONDS
    while True:
        if time.monotonic() - looked_at < LOOK_SECONDS or not is_at_leisure():
            yield False
            continue
        looked_at = time.monotonic()
        yield bool(look(home, channels))


@open_to(*OVERSIGHT)
def standing(home: Path, user: User) -> list[Told]:
    """The alarms that nobody has closed, newest first."""
    with opened(home) as db:
        return [_told(db, alarm) for alarm in alarms.open_alarms(db)]


@open_to(*OVERSIGHT)
def past(home: Path, user: User, limit: int = 50) -> list[Alarm]:
    """The last that were closed, newest first."""
    with opened(home) as db:
        return alarms.closed(db, limit)


@open_to(Role.ADMIN)
def take(home: Path, user: User, alarm: int) -> None:
    """Make an alarm one's own. Raises NotFound, or Conflict where it is closed."""
    with opened(home) as db, transaction(db):
        _require_open(db, alarm)
        alarms.assign(db, alarm, user.id)
        audit.record(db, user.name, "take alarm", str(alarm))


@open_to(Role.ADMIN)
def close(home: Path, user: User, alarm: int, cause: str, action: str, channels: Sequence[str] = ()) -> None:
    """Close an alarm with what it was and what was done, and tell the `channels` that it is.

    Raises NotFound, BadInput without words, Conflict if it is closed already.
    """
    if not cause.strip() or not action.strip():
        raise BadInput("say what it was and what was done: both are kept with the alarm")
    with opened(home) as db, transaction(db):
        _require_open(db, alarm)
        alarms.close(db, alarm, user.id, cause.strip(), action.strip())
        messages.queue(db, alarm, Event.CLOSED, channels)
        audit.record(db, user.name, "close alarm", str(alarm), cause=cause.strip(), done=action.strip())


def _told(db: Database, alarm: Alarm) -> Told:
    found = Told(alarm, alarms.signals(db, alarm.id), [], [])
    reference = site_references.current(db)
    is_older = reference is not None and reference.last_at[:10] <= alarm.since
    before = _examples(db, reference.id, found.place) if reference and is_older else []
    return replace(found, before=before, now=images.lately(db, alarm.since, found.place, SHOWN))


def _examples(db: Database, reference: int, place: dict[str, str]) -> list[str]:
    """Of the same place; of the whole site for one that the reference doesn't know."""
    return site_references.examples(db, reference, place, SHOWN) or site_references.examples(db, reference, {}, SHOWN)


def _require_open(db: Database, alarm: int) -> None:
    found = alarms.get(db, alarm)
    if found.closed_at:
        raise Conflict(f"alarm {alarm} is closed already, by {found.closed_by}: “{found.cause}”")


def _first_day(db: Database, yesterday: date) -> date:
    """The first that wasn't looked at yet; a clock that was ahead once puts nothing off."""
    looked_at = date.fromisoformat(site.get(db, LOOKED_UP_TO) or date.min.isoformat())
    if looked_at > yesterday:
        log.warning("days up to %s were looked at, as if today were later: the clock was ahead", looked_at)
        site.put(db, LOOKED_UP_TO, yesterday.isoformat())
    return min(looked_at, yesterday) + timedelta(days=1)


def _days(db: Database, found: Seen, first: date, last: date) -> list[date]:
    """Those with images that are watched: nothing is looked at twice, and nothing where nothing came.

    While no alarm speaks, those on which none can begin are left out: years of them are passed over at once.
    """
    days = [day for day in found.sight.days if first <= day <= last]
    if alarms.speaking(db):
        return days
    earliest = found.sight.quiet_until(days)
    return [day for day in days if earliest and day >= earliest]


def look_at(db: Database, found: Seen, said: list[Said], day: date) -> list[int]:
    """One day's look, at what was said that day, within the caller's transaction; days come in their order.

    What is steady again falls silent. Returns the numbers of the alarms that what speaks anew opened.
    """
    told = _told_already(db, found, said, day)
    new = [each for each in said if each.finding.state is State.ALARM and each.key not in told]
    raised = (_raise(db, found, day, scope, place, told) for scope, place in _placed(found, new, told, day).items())
    return [number for number in raised if number is not None]


def _told_already(db: Database, found: Seen, said: list[Said], day: date) -> dict[Key, int]:
    """The alarm of each signal that has spoken ever since, beside the references that stand.

    What speaks no more falls silent: it is steady, nothing comes from there any more, or another reference took the
    place of its own. Of too few images, as after a holiday, nobody knows.
    """
    told: dict[Key, int] = {}
    speak = {each.key for each in said if each.finding.state is not State.STEADY}
    for row in alarms.speaking(db):
        key = row["scope"], row["beside"], row["signal"]
        if key in speak and _still_stands(found, row):
            told[key] = row["alarm"]
        else:
            alarms.fell_silent(db, row["alarm"], *key, day.isoformat())
    return told


def _still_stands(found: Seen, row: dict[str, Any]) -> bool:
    """Whether what a signal was compared with then is what it is compared with now."""
    if row["beside"] == sighting.MODELS_OWN:
        return bool(row["model"] == found.model)
    return found.frozen is not None and bool(row["reference"] == found.frozen.id)


def _placed(found: Seen, new: list[Said], told: dict[Key, int], day: date) -> dict[Scope, list[Said]]:
    """By the place that they are about: the device or view that alone explains a signal's change, else the site."""
    places: dict[Scope, list[Said]] = {}
    for each in new:
        signal = each.finding.signal
        known = {scope for scope, _, name in told if name == signal.name and each.scope != SITE}
        since = each.finding.since or day
        alone = found.sight.culprit(signal, since, day, known) or found.newcomer(each.finding.effect or 0.0, since, day)
        places.setdefault(alone or SITE, []).append(each)
    return places


def _raise(db: Database, found: Seen, day: date, scope: Scope, said: list[Said], told: dict[Key, int]) -> int | None:
    """A new alarm's number; None where all of it joins one that is open there, or one that told of it already.

    Of a device or view that is known to have changed, the site's change is nothing new, be that alarm closed.
    """
    before = {name: number for (where, _, name), number in told.items() if where == str(scope) and scope != SITE}
    for each in said:
        if number := before.get(each.finding.signal.name):
            alarms.attach(db, number, [_row(each, day)])
    new = [each for each in said if each.finding.signal.name not in before]
    if not new:
        return None
    standing = {alarm.scope: alarm.id for alarm in alarms.open_alarms(db) if _is_recent(alarm, day)}
    number = standing.get(str(scope)) or _open(db, found, day, scope, new)
    alarms.attach(db, number, (_row(each, day) for each in new))
    return None if number in standing.values() else number


def _is_recent(alarm: Alarm, day: date) -> bool:
    """Whether what speaks on a day may still be of the same change."""
    return (day - date.fromisoformat(alarm.opened_on)).days < WINDOW_DAYS


def _open(db: Database, found: Seen, day: date, scope: Scope, said: list[Said]) -> int:
    since = min(each.finding.since or day for each in said)
    guess = _guess(found, scope, said, since, day)
    reference = found.frozen.id if found.frozen else None
    return alarms.open_one(db, str(scope), day.isoformat(), since.isoformat(), found.model, guess, reference)


def _guess(found: Seen, scope: Scope, said: list[Said], since: date, day: date) -> str:
    """By all that moved there since then, beside the reference by which most is told; of the site, where that has no
    streams of its own.
    """
    besides = [each.beside for each in said]
    beside = max(besides, key=besides.count) if scope == SITE else sighting.SITES_OWN
    traces = [each for each in found.sight.watched if (each.scope, each.beside) == (scope, beside)]
    traces = traces or [each for each in found.sight.watched if (each.scope, each.beside) == (SITE, beside)]
    changes = {name: change for each in traces for name, change in each.trace.moved(since, day).items()}
    return likely(changes).name


def _row(said: Said, day: date) -> dict[str, Any]:
    finding = said.finding
    return {
        "scope": str(said.scope), "beside": said.beside, "signal": finding.signal.name, "day": day.isoformat(),
        "effect": finding.effect or 0.0, "chance": finding.chance or 0.0, "n": finding.n, "what": finding.what,
        "sudden": int(finding.sudden),
    }  # fmt: skip
