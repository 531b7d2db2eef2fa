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
"""Times that a destination may lose what it accepted before it is given up."""


def pause(attempts: int) -> timedelta:
    """After so many attempts that failed before this one."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts, 0), 20), LONGEST_PAUSE) * random.uniform(1 - JITTER, 1 + JITTER)


def put_off(db: Database, delivery: Delivery, why: str, after: float | None = None) -> bool:
    """Try again later, not before `after` seconds, or give up where that would be too late.

    False where it is another worker's by now, and nothing is changed.

    What was being sent when its worker ended goes out again: whether it had arrived, nobody could be asked.
    """
    later = clock.now() + max(pause(delivery.attempts - 1), timedelta(seconds=after or 0))
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
    if delivery.forgotten + 1 >= MOST_FORGOTTEN:
        deliveries.dead(db, delivery, f"{why}; that was {MOST_FORGOTTEN} times")
    else:
        next_at = clock.stamp(clock.now() + pause(delivery.forgotten))
        deliveries.again(db, delivery, why, next_at, forgotten=True)
