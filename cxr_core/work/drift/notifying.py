"""Telling alarms elsewhere: queued with what happened, sent at least once and in order, given up after a day."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.drift.catalogue import SIGNALS
from cxr_core.drift.trace import State
from cxr_core.errors import BadInput, DeliveryError
from cxr_core.records import Channel, Role, User
from cxr_core.settings import Settings
from cxr_core.store import alarms, messages
from cxr_core.store.db import opened, transaction
from cxr_core.store.messages import Message
from cxr_core.work.drift import sending
from cxr_core.work.drift.sending import Facts, facts_of
from cxr_core.work.guarding import OVERSIGHT, open_to

LOOK_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=2)
"""Before another attempt: twice as long each time."""
JITTER = 0.25
"""Of a pause, more or less, so that what failed together isn't tried together."""
GIVEN_UP_AFTER = timedelta(days=1)
SEND = {Channel.WEBHOOK: sending.by_webhook, Channel.MAIL: sending.by_mail}


def deliver(settings: Settings) -> int:
    """Send what is due, in each channel the oldest first; returns how many went out.

    An attempt is on record before it begins, so that one that is broken off is made again.
    """
    with opened(settings.home) as db:
        messages.give_up_all_but(db, settings.channels, "its channel is not set any more")
        return sum(_empty(db, settings, channel) for channel in settings.channels)


def delivering(settings: Settings) -> Iterator[bool]:
    """A worker's chore: every few seconds a step looks whether something is due, and has a thread send it.

    A host that is slow to answer would else keep somebody waiting for an opinion.
    """
    looked_at, thread = -LOOK_SECONDS, Thread()
    while True:
        if not thread.is_alive() and time.monotonic() - looked_at >= LOOK_SECONDS:
            looked_at = time.monotonic()
            if _is_anything_waiting(settings.home):
                thread = Thread(target=deliver, args=(settings,), daemon=True)
                thread.start()
        yield False


@open_to(*OVERSIGHT)
def told_of(home: Path, user: User, alarm: int) -> list[Message]:
    """What was to be told elsewhere of an alarm, and what became of it."""
    with opened(home) as db:
        return messages.of_alarm(db, alarm)


@open_to(*OVERSIGHT)
def given_up(home: Path, user: User, days: int) -> list[Message]:
    """What never reached its channel, of the last days."""
    with opened(home) as db:
        return messages.given_up(db, clock.ago(days=days))


@open_to(Role.ADMIN)
def try_out(settings: Settings, user: User) -> Iterator[dict[str, Any]]:
    """Send a test on every channel; what came of each. Raises BadInput where no channel is set."""
    if not settings.channels:
        raise BadInput(
            "alarms are told nowhere: set CXR_WEBHOOK_URL, or CXR_MAIL_HOST with CXR_MAIL_FROM and CXR_MAIL_TO"
        )
    return (_tested(settings, channel) for channel in settings.channels)


def _tested(settings: Settings, channel: Channel) -> dict[str, Any]:
    try:
        answer = SEND[channel](settings, facts_of(settings, "test", clock.stamp()))
    except DeliveryError as error:
        return {"channel": channel, "sent": False, "answer": str(error)}
    return {"channel": channel, "sent": True, "answer": answer}


def _is_anything_waiting(home: Path) -> bool:
    with opened(home) as db:
        return messages.waiting(db) > 0


def _empty(db: Database, settings: Settings, channel: Channel) -> int:
    """Send until nothing is due: behind one that failed and isn't given up, nothing is."""
    done = 0
    while message := _begun(db, channel):
        done += _attempt(db, settings, message)
    return done


def _begun(db: Database, channel: Channel) -> Message | None:
    """The channel's oldest message, of which an attempt begins, if that is due."""
    with transaction(db):
        found = messages.head(db, channel)
        if found is None or found.next_at > clock.stamp():
            return None
        messages.begin(db, found.id, clock.stamp(clock.now() + _pause(found.attempts)))
        return messages.head(db, channel)


def _attempt(db: Database, settings: Settings, message: Message) -> bool:
    """Whether it went out; what failed is given up where another attempt would come after GIVEN_UP_AFTER."""
    try:
        answer = SEND[Channel(message.channel)](settings, _told(db, settings, message))
    except DeliveryError as error:
        last = datetime.fromisoformat(message.queued_at) + GIVEN_UP_AFTER
        messages.failed(db, message.id, str(error), message.next_at > clock.stamp(last))
        return False
    messages.sent(db, message.id, answer)
    return True


def _pause(attempts: int) -> timedelta:
    """After so many attempts."""
    return min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE) * random.uniform(1 - JITTER, 1 + JITTER)


def _told(db: Database, settings: Settings, message: Message) -> Facts:
    """An alarm as it stands. Causes, actions and owners are for the page: people may have typed a name there."""
    alarm, signals = alarms.get(db, message.alarm), alarms.signals(db, message.alarm)
    return facts_of(
        settings, message.event, message.queued_at, message=message.id, alarm=alarm.id, scope=_place(alarm.scope),
        since=alarm.since, opened_on=alarm.opened_on, closed_at=alarm.closed_at, model=alarm.model, guess=alarm.guess,
        signals=list(map(_signal, signals)),
    )  # fmt: skip


def _signal(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["signal"], "title": SIGNALS[row["signal"]].title, "scope": _place(row["scope"]),
        "beside": row["beside"], "effect": round(row["effect"], 4),
        "state": State.STEADY if row["over"] else State.ALARM,
    }  # fmt: skip


def _place(scope: str) -> dict[str, str]:
    kind, _, name = scope.partition(" ")
    return {"kind": kind, "name": name}
