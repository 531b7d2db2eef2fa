"""The ledger of answers as an admin looks through it, and dead letters, which are sent again for a reason at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cxr_core.records import DeliveryState, User
from cxr_core.store import arrivals, audit, deliveries, destinations
from cxr_core.store.db import opened, transaction
from cxr_core.store.deliveries import Delivery
from cxr_core.work.guarding import NETWORK, NETWORK_SEEN, open_to


@dataclass(frozen=True)
class Entry:
    """A delivery, with what an admin knows its ends by."""

    delivery: Delivery
    destination: str
    """Its name, also of one that was removed."""
    image: str | None
    """None of an object that could not be taken in."""
    refused: str | None = None
    """Why it could not."""


@dataclass(frozen=True)
class DeadLetters:
    """Deliveries to one destination that were given up for the same reason."""

    destination: int
    name: str
    said: str
    """The reason."""
    many: int
    last: str
    """When the last of them was given up."""


@open_to(*NETWORK_SEEN)
def entries(
    home: Path, user: User, limit: int, state: DeliveryState | None = None, destination: str | None = None
) -> list[Entry]:
    """The last deliveries, newest first, narrowed to a state and to a destination in use. Raises NotFound."""
    with opened(home) as db:
        where = destinations.named(db, destination).id if destination else None
        found = deliveries.newest(db, limit, state, where)
        names, became = destinations.names(db), arrivals.became(db, {each.arrival for each in found})
    return [Entry(each, names[each.destination], *became[each.arrival]) for each in found]


@open_to(*NETWORK_SEEN)
def dead_letters(home: Path, user: User) -> list[DeadLetters]:
    """What was given up, by destination and reason, the most first."""
    with opened(home) as db:
        names = destinations.names(db)
        return [
            DeadLetters(row["destination"], names[row["destination"]], row["said"], row["many"], row["last"])
            for row in deliveries.dead_by_reason(db)
        ]


@open_to(*NETWORK)
def send_all_again(home: Path, user: User, destination: int, said: str) -> int:
    """Queue anew all that was given up at a destination for this reason; returns how many that were."""
    with opened(home) as db, transaction(db):
        revived = deliveries.revive(db, deliveries.dead_of(db, destination, said))
        audit.record(db, user.name, "send again", f"{revived} deliveries", destination=destination)
    return revived
