"""What is told of alarms elsewhere: each message by its channel, until it has gone out or is given up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import count, one, rows


class Event(StrEnum):
    """What became of an alarm."""

    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True)
class Message:
    """One message."""

    id: int
    alarm: int
    event: str
    channel: str
    queued_at: str
    attempts: int
    next_at: str
    """Not tried before this."""
    sent_at: str | None
    given_up_at: str | None
    answer: str
    """What came back of the last attempt."""


_WAITS = "sent_at IS NULL AND given_up_at IS NULL"


def queue(db: Database, alarm: int, event: Event, channels: Iterable[str]) -> None:
    """Have it told on these channels; call it inside the transaction in which it happens."""
    now = clock.stamp()
    for channel in channels:
        row = {"alarm": alarm, "event": event, "channel": channel, "queued_at": now, "next_at": now}
        db.table("messages").insert(row)


def head(db: Database, channel: str) -> Message | None:
    """The oldest that waits in a channel: none behind it goes before."""
    found = one(db, f"SELECT * FROM messages WHERE channel = ? AND {_WAITS} ORDER BY id LIMIT 1", (channel,))
    return Message(**found) if found else None


def begin(db: Database, message: int, next_at: str) -> None:
    """An attempt begins; if nothing is heard of it, the next one is due at `next_at`."""
    db.execute("UPDATE messages SET attempts = attempts + 1, next_at = ? WHERE id = ?", (next_at, message))


def sent(db: Database, message: int, answer: str) -> None:
    """It has gone out."""
    db.execute("UPDATE messages SET sent_at = ?, answer = ? WHERE id = ?", (clock.stamp(), answer, message))


def failed(db: Database, message: int, answer: str, is_last: bool) -> None:
    """An attempt failed; after the last one it is given up."""
    given_up_at = clock.stamp() if is_last else None
    db.execute("UPDATE messages SET answer = ?, given_up_at = ? WHERE id = ?", (answer, given_up_at, message))


def give_up_all_but(db: Database, channels: Iterable[str], why: str) -> None:
    """Give up what waits in any other channel."""
    for channel in {row["channel"] for row in rows(db, f"SELECT channel FROM messages WHERE {_WAITS}")} - {*channels}:
        db.execute(
            f"UPDATE messages SET given_up_at = ?, answer = ? WHERE channel = ? AND {_WAITS}",
            (clock.stamp(), why, channel),
        )


def of_alarm(db: Database, alarm: int) -> list[Message]:
    """All that was to be told of an alarm, oldest first."""
    return [Message(**row) for row in rows(db, "SELECT * FROM messages WHERE alarm = ? ORDER BY id", (alarm,))]


def waiting(db: Database) -> int:
    """How many are still to go out."""
    return count(db, f"SELECT count(*) FROM messages WHERE {_WAITS}")


def given_up(db: Database, since: str = "") -> list[Message]:
    """Those given up since a stamp, oldest first."""
    return [Message(**row) for row in rows(db, "SELECT * FROM messages WHERE given_up_at >= ? ORDER BY id", (since,))]
