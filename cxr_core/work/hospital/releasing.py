"""May this answer leave now? Asked as it is about to, since reads are taken back, and rules go, while it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import DeliveryState, SessionLimits
from cxr_core.store import deliveries, reads, sessions
from cxr_core.store.deliveries import Delivery
from cxr_core.work.hospital import answering
from cxr_core.work.reading_room import undoing

ASKED_AGAIN = timedelta(minutes=1)
"""After which it is asked once more of an answer that may not leave yet."""
UNRULED = "no rule lets it leave any more: where it should leave, add one, and send it again"


def released(db: Database, claimed: Sequence[Delivery], limits: SessionLimits) -> list[Delivery]:
    """Those of the deliveries that go on, within the transaction that claimed them; others wait, or are dead.

    What had been on its way before is among them: the archive may have it. `limits` say how long a reader stays
    signed in.
    """
    sessions.end_over(db, limits)
    return [each for each in claimed if each.state is not DeliveryState.QUEUED or _may_leave(db, each)]


def _may_leave(db: Database, delivery: Delivery) -> bool:
    """Whether it may; where not, the ledger says what it waits for, or that there is nothing to wait for."""
    if _may_be_undone(db, delivery):
        return _waits(db, delivery, "its reader may take back the read until they sign out")
    known, rules = answering.wanted_by(db, delivery)
    if any(answering.may_leave(rule, known, delivery.answer) for rule in rules):
        return True
    if rules and known.image and known.image["slots_open"]:
        return _waits(db, delivery, "the X-ray is to be read first")
    deliveries.dead(db, delivery, UNRULED)
    return False


def _waits(db: Database, delivery: Delivery, why: str) -> bool:
    """Have it asked again later; False, for it doesn't leave."""
    deliveries.not_yet(db, delivery, why, clock.stamp(clock.now() + ASKED_AGAIN))
    return False


def _may_be_undone(db: Database, delivery: Delivery) -> bool:
    return delivery.read is not None and undoing.may_be(db, reads.get(db, delivery.read))
