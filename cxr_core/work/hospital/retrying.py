"""When what could not be delivered is tried again, and when it is given up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import DeliveryState
from cxr_core.store import deliveries, destinations
from cxr_core.store.deliveries import Delivery

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""Before another attempt: twice as long each time."""
LONGEST_REST = timedelta(minutes=5)
"""For a whole destination, unless it asks for more: it may be one object alone that it doesn't get on with."""
JITTER = 0.25
"""Of a pause, more or less, so that what failed together isn't tried together."""
GIVEN_UP_AFTER = timedelta(days=3)
MOST_FORGOTTEN = 3
"""Times that a destination may lose what it accepted, or that its sending may be broken off, before it is given up."""


def pause(attempts: int) -> timedelta:
    """After so many attempts that failed before this one."""
    return _jittered(FIRST_PAUSE * 2 ** min(max(attempts, 0), 20))


def _jittered(usual: timedelta) -> timedelta:
    return min(max(usual, FIRST_PAUSE), LONGEST_PAUSE) * random.uniform(1 - JITTER, 1 + JITTER)


def _pause_of(delivery: Delivery) -> timedelta:
    """Of what was accepted, as long as that is ago: how often it was asked for isn't counted."""
    if delivery.state is DeliveryState.ACCEPTED and delivery.accepted_at:
        return _jittered(clock.now() - datetime.fromisoformat(delivery.accepted_at))
    return pause(delivery.attempts - 1)


def put_off(db: Database, delivery: Delivery, why: str, after: float | None = None) -> bool:
    """Try again later, not before `after` seconds, or give up where that would be too late.

    False where it is another worker's by now, and nothing is changed.

    What was being sent when its worker ended goes out again: whether it had arrived, nobody could be asked.
    """
    later = clock.now() + max(_pause_of(delivery), timedelta(seconds=after or 0))
    if delivery.state is DeliveryState.SENDING:
        return broken_off(db, delivery, why, later)
    if later > datetime.fromisoformat(delivery.queued_at) + GIVEN_UP_AFTER:
        return deliveries.dead(db, delivery, f"given up after {GIVEN_UP_AFTER.days} days: {why}")
    if delivery.state is DeliveryState.ACCEPTED:
        return deliveries.wait(db, delivery, why, clock.stamp(later))
    return deliveries.again(db, delivery, why, clock.stamp(later))


def let_rest(db: Database, destination: int, attempts: int, after: float | None) -> None:
    """Leave a destination alone that took nothing: for longer after more `attempts`, and at least `after` seconds."""
    rest = max(min(pause(attempts - 1), LONGEST_REST), timedelta(seconds=after or 0))
    destinations.rest(db, destination, clock.stamp(clock.now() + rest))


def lost(db: Database, delivery: Delivery, how: str) -> None:
    """What a destination accepted, and hasn't got by its own word, goes out again; give up after MOST_FORGOTTEN."""
    why = f"{destinations.get(db, delivery.destination)} {how}: ask whoever runs it to look into its log"
    _once_more(db, delivery, why, clock.now() + pause(delivery.forgotten))


def broken_off(db: Database, delivery: Delivery, why: str = "", later: datetime | None = None) -> bool:
    """What didn't arrive before its worker ended goes out again, at first at once; give up after MOST_FORGOTTEN.

    It may be what ended the worker. `why` nobody could be asked whether it had arrived, and when it goes out then.
    """
    said = f"it was broken off: the worker's log says why it ended{why and '; '}{why}"
    at_once = clock.now() + (pause(delivery.forgotten) if delivery.forgotten else timedelta())
    return _once_more(db, delivery, said, later or at_once)


def _once_more(db: Database, delivery: Delivery, why: str, later: datetime) -> bool:
    if delivery.forgotten + 1 >= MOST_FORGOTTEN:
        return deliveries.dead(db, delivery, f"{why}; that was {MOST_FORGOTTEN} times")
    return deliveries.again(db, delivery, why, clock.stamp(later), forgotten=True)
