"""The drift page as a report that can be taken away: the same figures as JSON, as CSV, and for who draws them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import __version__, clock
from cxr_core.drift.sight import Said
from cxr_core.errors import BadInput
from cxr_core.records import User
from cxr_core.store import alarms, audit, messages, site_references
from cxr_core.store.alarms import Alarm
from cxr_core.store.db import opened, transaction
from cxr_core.store.messages import Message
from cxr_core.store.site_references import Frozen
from cxr_core.work.csv_text import as_csv
from cxr_core.work.drift import watching
from cxr_core.work.drift.watching import View, Watch
from cxr_core.work.guarding import OVERSIGHT, READING_ROOM, open_to

CLOSED_SHOWN = 50
COLUMNS = ("week", "until", "scope", "beside", "signal", "title", "state", "effect", "n", "chance", "since", "what",
           "sudden")  # fmt: skip


@dataclass(frozen=True)
class Raised:
    """An alarm with the signals that spoke."""

    alarm: Alarm
    signals: list[dict[str, Any]]


@dataclass(frozen=True)
class Alarms:
    """What is open, what was closed lately, and what of it waits to be told elsewhere, or never was."""

    open: list[Raised]
    closed: list[Alarm]
    waiting: int
    given_up: list[Message]


@dataclass(frozen=True)
class Report:
    """What the drift page shows to somebody."""

    made_at: str
    view: View
    watch: Watch
    frozen: Frozen | None
    """The site's reference."""
    alarms: Alarms | None
    """None for whoever isn't an admin."""


@open_to(*READING_ROOM)
def report(home: Path, user: User, view: View) -> Report:
    """What the page shows to the user. Raises BadInput and NotFound as watching.watch does."""
    with opened(home) as db:
        known = _alarms(db, view.days) if user.role in OVERSIGHT else None
        frozen = site_references.current(db)
    return Report(clock.stamp(), view, watching.watch(home, user, view), frozen, known)


@open_to(*READING_ROOM)
def put_on_record(home: Path, user: User, found: Report, kind: str) -> None:
    """That the user takes a report away as a file of this kind, and of what.

    Raises BadInput for a device that is no pseudonym: of what anybody typed nothing can be taken back from the chain.
    """
    view = found.view
    if view.device and not re.fullmatch(r"device-[0-9a-f]{8}", view.device):
        raise BadInput(f"{view.device!r} is no device: choose one on the drift page")
    asked = {"until": view.until and view.until.isoformat(), "model": view.model, "device": view.device}
    given = {name: value for name, value in asked.items() if value}
    with opened(home) as db, transaction(db):
        audit.record(db, user.name, "export drift", "", kind=kind, days=view.days, **given)


@open_to(*READING_ROOM)
def drift_now(home: Path, user: User, days: int) -> dict[str, Any]:
    """The figures of the report. Raises BadInput as `report` does."""
    return figures(report(home, user, View(days)))


def figures(found: Report) -> dict[str, Any]:
    """All numbers of a report, ready for JSON: no image, and nobody's name but those of admins."""
    watch = found.watch
    told = {
        "program": __version__, "made_at": found.made_at, "model": watch.model, "days": found.view.days,
        "until": watch.until, "place": str(watch.scope),
        "images": sum(watch.images.values()), "signals": list(map(_told, watch.now)),
        "weeks": [
            {"week": week, "images": watch.images.get(week, 0), "signals": list(map(_told, watch.weeks[week]))}
            for week in sorted(watch.weeks)
        ],
        "expected": asdict(watch.expected), "found": asdict(watch.audited),
        "agreement": list(map(asdict, watch.agreement)),
        "releases": list(map(asdict, watch.releases)), "site_reference": _reference(found.frozen),
        **(_told_of(found.alarms) if found.alarms else {}),
    }  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(told, default=str, allow_nan=False))
    return plain


def table(found: Report) -> str:
    """The report as CSV: what each signal says today, in rows without a week, and said at each week's end."""
    return as_csv(COLUMNS, _rows(found))


def _rows(found: Report) -> Iterator[dict[str, Any]]:
    last = found.watch.until
    yield from (_row(None, last, each) for each in found.watch.now)
    for week, said in sorted(found.watch.weeks.items()):
        yield from (_row(week, min(week + timedelta(days=6), last), each) for each in said)


def _row(week: date | None, until: date, said: Said) -> dict[str, Any]:
    row = {**_told(said), "signal": said.finding.signal.name, "week": week, "until": until}
    return {name: row[name] for name in COLUMNS}


def _told(said: Said) -> dict[str, Any]:
    signal, finding = said.finding.signal, said.finding
    return {
        "name": signal.name, "about": signal.about, "title": signal.title, "scope": str(said.scope),
        "beside": said.beside, **{name: value for name, value in vars(finding).items() if name != "signal"},
    }  # fmt: skip


def _reference(frozen: Frozen | None) -> dict[str, Any] | None:
    """Without its reason, in which people may have named somebody."""
    names = ("id", "frozen_at", "model", "images", "first_at", "last_at")
    return {name: getattr(frozen, name) for name in names} if frozen else None


def _told_of(found: Alarms) -> dict[str, Any]:
    return {
        "alarms": [{**asdict(each.alarm), "signals": each.signals} for each in found.open],
        "closed_alarms": list(map(asdict, found.closed)),
        "messages": {"waiting": found.waiting, "given_up": list(map(asdict, found.given_up))},
    }


def _alarms(db: Database, days: int) -> Alarms:
    standing = [Raised(alarm, alarms.signals(db, alarm.id)) for alarm in alarms.open_alarms(db)]
    since = clock.ago(days=days)
    closed = [alarm for alarm in alarms.closed(db, CLOSED_SHOWN) if (alarm.closed_at or "") >= since]
    return Alarms(standing, closed, messages.waiting(db), messages.given_up(db, since))
