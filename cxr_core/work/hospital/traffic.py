"""What goes on in the network: who listens, what came in, what waits, and what went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from cxr_core import clock
from cxr_core.records import DeliveryState, Proof, User
from cxr_core.settings import Settings
from cxr_core.store import arrivals, deliveries, destinations, jobs, listeners, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Destination
from cxr_core.store.listeners import Listening
from cxr_core.work.guarding import NETWORK_SEEN, open_to
from cxr_core.work.incoming.spool import INTAKE
from cxr_core.work.privacy import identity


@dataclass(frozen=True)
class Readiness:
    """What there is of what X-rays need to come in, and answers to go back."""

    listening: list[Listening]
    has_key: bool
    """Whether the site has a key, to which what comes in is sealed."""
    opens: bool
    """Whether CXR_IDENTITY_KEY names a file here, as the worker that opens what was sealed needs it."""
    senders: int
    destinations: int
    rules: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return all((self.listening, self.has_key, self.opens, self.senders, self.destinations, self.rules))


@dataclass(frozen=True)
class Line:
    """What is on its way to a destination, or arrived there."""

    destination: Destination
    counts: dict[DeliveryState, int]

    @property
    def open(self) -> int:
        """How many something is still to become of. What a destination without proof accepted is at its end."""
        proven = self.destination.proof is not Proof.NONE
        states = (DeliveryState.QUEUED, DeliveryState.SENDING, *([DeliveryState.ACCEPTED] if proven else []))
        return sum(self.counts.get(state, 0) for state in states)


@dataclass(frozen=True)
class Queue:
    """What waits at this moment."""

    intake: int
    """Files that came over the network and wait to be taken in."""
    lines: list[Line]

    @property
    def is_open(self) -> bool:
        """Whether anything is still to become of anything."""
        return self.intake > 0 or any(line.open for line in self.lines)


@dataclass(frozen=True)
class Hour:
    """What came and went in an hour."""

    begins: str
    """In UTC: `2026-03-01T12`."""
    received: int
    delivered: int
    """Answers that a destination accepted."""


@open_to(*NETWORK_SEEN)
def readiness(settings: Settings, user: User) -> Readiness:
    """What there is, and what is missing, of what X-rays need to come in and answers to go back."""
    with opened(settings.home) as db:
        return Readiness(
            listeners.living(db), identity.public_key(db) is not None, settings.identity_key is not None,
            len(senders.allowed(db)), len(destinations.in_use(db)), len(destinations.rules(db)),
        )  # fmt: skip


@open_to(*NETWORK_SEEN)
def queue(home: Path, user: User) -> Queue:
    """What waits at this moment, and how many deliveries stand where, by destination in use."""
    with opened(home) as db:
        standing = deliveries.standing(db)
        lines = [
            Line(each, {DeliveryState(row["state"]): row["n"] for row in standing if row["destination"] == each.id})
            for each in destinations.in_use(db)
        ]
        return Queue(jobs.open_from_network(db, INTAKE), lines)


@open_to(*NETWORK_SEEN)
def came_in_today(home: Path, user: User) -> list[dict[str, Any]]:
    """`sender`, `device`, and how many `came`, were `refused`, and the `last` stamp, since midnight here.

    Days begin by the machine's clock, as they do for rules and for what comes by itself.
    """
    midnight = datetime.combine(clock.now().astimezone(), time.min)
    with opened(home) as db:
        return arrivals.by_device(db, clock.stamp(midnight))


@open_to(*NETWORK_SEEN)
def by_hour(home: Path, user: User, hours: int = 24) -> list[Hour]:
    """The last hours, the one that runs included, oldest first."""
    running = clock.now().replace(minute=0, second=0, microsecond=0)
    begun = [clock.stamp(running - timedelta(hours=back)) for back in reversed(range(hours))]
    with opened(home) as db:
        received, delivered = arrivals.by_hour(db, begun[0]), deliveries.accepted_by_hour(db, begun[0])
    names = [stamp[:13] for stamp in begun]
    return [Hour(name, received.get(name, 0), delivered.get(name, 0)) for name in names]


@open_to(*NETWORK_SEEN)
def stations(home: Path, user: User) -> list[str]:
    """The pseudonyms of all devices whose X-rays ever came over the network."""
    with opened(home) as db:
        return arrivals.kinds(db, "device")


@open_to(*NETWORK_SEEN)
def modalities(home: Path, user: User) -> list[str]:
    """The modalities of all that ever came over the network."""
    with opened(home) as db:
        return arrivals.kinds(db, "modality")
