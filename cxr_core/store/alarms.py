"""Alarms: what changed, since when, whose it is, what it was, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.store.db import insert, one, rows


@dataclass(frozen=True)
class Alarm:
    """One alarm, open until somebody closes it."""

    id: int
    scope: str
    """`site`, or `device` or `view` with its name."""
    opened_on: str
    """The day whose look opened it."""
    since: str
    """When the change began, as far as can be told."""
    model: str
    """The version in use then."""
    guess: str
    """What such a change usually is."""
    owner: str | None
    cause: str | None
    """What it was, as its owner found."""
    action: str | None
    closed_at: str | None
    closed_by: str | None


@dataclass(frozen=True)
class Span:
    """The days on which an alarm spoke of a signal."""

    alarm: int
    scope: str
    """The alarm's."""
    signal: str
    first: date
    last: date | None
    """When the signal was steady again, or else the alarm was closed; None where neither has come."""


_ALARMS = """
SELECT a.id, a.scope, a.opened_on, a.since, a.model, a.guess, o.name AS owner, a.cause, a.action, a.closed_at,
       c.name AS closed_by
FROM alarms a LEFT JOIN users o ON o.id = a.owner LEFT JOIN users c ON c.id = a.closed_by
"""


def open_one(
    db: Database, scope: str, opened_on: str, since: str, model: str, guess: str, reference: int | None = None
) -> int:
    """Open an alarm; `model` is in use then, `reference` stands as the site's. Returns its number."""
    facts = {"scope": scope, "opened_on": opened_on, "since": since, "model": model, "guess": guess,
             "reference": reference}  # fmt: skip
    return insert(db, "alarms", facts)


def attach(db: Database, alarm: int, signals: Iterable[dict[str, Any]]) -> None:
    """Add signals to an alarm: `scope`, `beside`, `signal`, `day`, `effect`, `chance`, `n`, `what`, `sudden`.

    One that it has already stays as it spoke first; if it was steady in between, it speaks again.
    """
    for signal in signals:
        db.table("alarm_signals").insert({"alarm": alarm, **signal}, ignore=True)
        _ends(db, {"alarm": alarm, **signal}, None)


def signals(db: Database, alarm: int) -> list[dict[str, Any]]:
    """The signals of an alarm, in the order in which they spoke, the largest first."""
    return rows(db, "SELECT * FROM alarm_signals WHERE alarm = ? ORDER BY day, effect DESC", (alarm,))


def speaking(db: Database) -> list[dict[str, Any]]:
    """What has not been over since it raised an alarm, open or closed: `scope`, `beside`, `signal`, `alarm`.

    With the alarm's `model` and the site's `reference` then.
    """
    return rows(
        db,
        "SELECT s.scope, s.beside, s.signal, s.alarm, a.model, a.reference FROM alarm_signals s "
        "JOIN alarms a ON a.id = s.alarm WHERE s.over IS NULL ORDER BY s.alarm",
    )


def fell_silent(db: Database, alarm: int, scope: str, beside: str, signal: str, day: str) -> None:
    """The signal is steady again, since this day."""
    _ends(db, {"alarm": alarm, "scope": scope, "beside": beside, "signal": signal}, day)


def _ends(db: Database, signal: dict[str, Any], day: str | None) -> None:
    db.execute(
        "UPDATE alarm_signals SET over = :over "
        "WHERE alarm = :alarm AND scope = :scope AND beside = :beside AND signal = :signal",
        {**signal, "over": day},
    )


def spans(db: Database, since: str) -> list[Span]:
    """When alarms spoke that did so on a day or after it, by the alarm's beginning and each signal's end."""
    found = rows(
        db,
        "SELECT a.id, a.scope, s.signal, a.since, "
        "nullif(max(coalesce(s.over, substr(a.closed_at, 1, 10), '9999')), '9999') AS until "
        "FROM alarms a JOIN alarm_signals s ON s.alarm = a.id GROUP BY a.id, s.signal "
        "HAVING until IS NULL OR until >= ? ORDER BY a.id",
        (since,),
    )
    return [
        Span(row["id"], row["scope"], row["signal"], date.fromisoformat(row["since"]),
             date.fromisoformat(row["until"]) if row["until"] else None)
        for row in found
    ]  # fmt: skip


def get(db: Database, alarm: int) -> Alarm:
    """An alarm by its number. Raises NotFound."""
    found = one(db, f"{_ALARMS} WHERE a.id = ?", (alarm,))
    if found is None:
        raise NotFound(f"there is no alarm {alarm}")
    return Alarm(**found)


def open_alarms(db: Database) -> list[Alarm]:
    """Those that nobody has closed, newest first."""
    return [Alarm(**row) for row in rows(db, f"{_ALARMS} WHERE a.closed_at IS NULL ORDER BY a.id DESC")]


def closed(db: Database, limit: int) -> list[Alarm]:
    """The last that were closed, newest first."""
    found = rows(db, f"{_ALARMS} WHERE a.closed_at NOT NULL ORDER BY a.closed_at DESC LIMIT ?", (limit,))
    return [Alarm(**row) for row in found]


def assign(db: Database, alarm: int, owner: int) -> None:
    """Say whose it is."""
    db.execute("UPDATE alarms SET owner = ? WHERE id = ? AND closed_at IS NULL", (owner, alarm))


def close(db: Database, alarm: int, by: int, cause: str, action: str) -> None:
    """Close it, with what it was and what was done."""
    db.execute(
        "UPDATE alarms SET closed_at = ?, closed_by = ?, cause = ?, action = ? WHERE id = ? AND closed_at IS NULL",
        (clock.stamp(), by, cause, action, alarm),
    )
