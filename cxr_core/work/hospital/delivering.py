"""Delivering answers: each destination by a thread of its own, until it keeps them or there is no hope."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from threading import Thread
from typing import TypeVar
from uuid import uuid4

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import CxrError, DeliveryError, SettingsError
from cxr_core.pacs.outcome import Outcome, State
from cxr_core.records import DeliveryState, Proof
from cxr_core.settings import Settings
from cxr_core.store import deliveries, destinations, listeners, stops
from cxr_core.store.db import opened, transaction
from cxr_core.store.deliveries import Delivery
from cxr_core.store.destinations import Destination
from cxr_core.store.secret import site_secret
from cxr_core.work.hospital import archives, composing, confirming, proportion, releasing, retrying
from cxr_core.work.hospital.archives import Archive, archive_of
from cxr_core.work.hospital.composing import Name

LOOK_SECONDS = 0.25
BATCH = 8
"""Answers that go over one association."""
LEASE = timedelta(minutes=10)
"""After which what a worker was sending is taken for broken off."""
PROOF_AFTER = timedelta(seconds=5)
"""From being accepted to the question whether it is kept: archives store in the background."""
COMMITMENT_PATIENCE = timedelta(minutes=10)
"""For the answer to a storage commitment; after it the archive is asked what it has."""
NEVER = "9999"
"""A stamp after all others."""
T = TypeVar("T")
log = logging.getLogger(__name__)


def delivering(settings: Settings, holder: str, apart: Callable[..., Thread]) -> Iterator[bool]:
    """A worker's chore: whenever something is due at a destination, a thread of its own does it, begun by `apart`.

    So one that is slow, or doesn't answer, keeps nothing from the others, and nobody from their opinion.
    """
    looked_at, threads = -LOOK_SECONDS, dict[int, Thread]()
    while True:
        if time.monotonic() - looked_at >= LOOK_SECONDS:
            looked_at = time.monotonic()
            for destination in _due(settings):
                if destination not in threads or not threads[destination].is_alive():
                    threads[destination] = apart(deliver_to, settings, destination, holder)
        yield False


def deliver_to(settings: Settings, destination: int, holder: str) -> None:
    """Do what is due at one destination, a batch after the other, until nothing is.

    What nobody foresaw ends it: what it failed at waits, the rest of its batch is due at once.
    """
    while destination in _due(settings):
        with opened(settings.home) as db:
            _take_turn(settings, db, destinations.get(db, destination), holder)


def _due(settings: Settings) -> list[int]:
    """Destinations where something is due; nowhere while a stop is open, for an answer shows the opinion."""
    with opened(settings.home) as db:
        return [] if stops.current(db) else deliveries.due(db)


def _take_turn(settings: Settings, db: Database, destination: Destination, holder: str) -> None:
    """One batch at one destination; where that can't be spoken to as things are set, the batch says so and waits."""
    with transaction(db):
        until = clock.stamp(clock.now() + LEASE)
        claimed = deliveries.claim(db, destination.id, holder, until, BATCH)
        batch = releasing.released(db, claimed, settings.session_limits)
    try:
        archive = archive_of(settings, destination)
    except SettingsError as error:
        for delivery in batch:
            retrying.put_off(db, delivery, f"{destination}: {error}")
        return
    turn = _Turn(settings, db, destination, archive)
    with ExitStack() as in_the_midst:
        in_the_midst.callback(_broken_off, db, batch, turn)
        turn.take(batch)
        in_the_midst.pop_all()


def _broken_off(db: Database, batch: Sequence[Delivery], turn: _Turn) -> None:
    """Keep nothing held of a turn that failed itself; what became of a delivery before that stands."""
    for delivery in batch:
        if turn.at in (None, delivery):
            retrying.put_off(db, delivery, "the program failed at it; the worker's log says where")
        else:
            deliveries.wait(db, delivery, "it was broken off", clock.stamp())


class _Turn:
    """What is done with one batch at one destination."""

    def __init__(self, settings: Settings, db: Database, destination: Destination, archive: Archive) -> None:
        self.settings, self.db = settings, db
        self.destination, self.archive = destination, archive
        self.unasked: str | None = None
        """Why the archive can't be asked what it has."""
        self.at: Delivery | None = None
        """What it is at; None while it is at all of them."""
        self.uncommitted: dict[str, tuple[Delivery, Name]] = {}
        """What the archive is to take the responsibility for, by instance: versions of the same weights share one."""

    def take(self, batch: Sequence[Delivery]) -> None:
        """Send what is queued, ask about what was broken off, and have what was accepted confirmed."""
        for self.at in batch:
            if self.at.state is not DeliveryState.QUEUED:
                self._settle(self.at)
        self.at = None
        self._ask_for_commitment()
        queued = [delivery for delivery in batch if delivery.state is DeliveryState.QUEUED]
        if queued and (why := proportion.objection(self.db, self.destination)):
            destinations.hold(self.db, self.destination.id, why)
            for delivery in queued:
                deliveries.again(self.db, delivery, why, clock.stamp())
        elif queued:
            self._send(queued)

    def _settle(self, delivery: Delivery) -> None:
        """Whether the destination has what went to it, by its own word."""
        if delivery.state is DeliveryState.SENDING and self.destination.proof is Proof.NONE:
            retrying.broken_off(self.db, delivery)
        elif self.unasked:
            retrying.put_off(self.db, delivery, self.unasked)
        elif (name := self._of(delivery, composing.name)) is not None:
            try:
                self._ask(delivery, name)
            except DeliveryError as error:
                self._can_not_ask(delivery, error)

    def _can_not_ask(self, delivery: Delivery, error: DeliveryError) -> None:
        self.unasked = str(error)
        retrying.put_off(self.db, delivery, self.unasked)

    def _ask(self, delivery: Delivery, name: Name) -> None:
        if self._is_to_be_committed(delivery):
            self.uncommitted.setdefault(name.instance, (delivery, name))
        elif self.archive.has(name):
            deliveries.verified(self.db, delivery, "it is there")
        elif delivery.state is DeliveryState.SENDING:
            retrying.broken_off(self.db, delivery)
        else:
            retrying.lost(self.db, delivery, "accepted it, and hasn't got it")

    def _is_to_be_committed(self, delivery: Delivery) -> bool:
        """Once for each time that it was accepted; where no answer comes, the archive is asked what it has."""
        wanted = self.destination.proof is Proof.COMMITMENT
        return wanted and delivery.state is DeliveryState.ACCEPTED and delivery.commitment is None

    def _ask_for_commitment(self) -> None:
        """One transaction for all, on record before it begins: the answer may come to the listener at any moment."""
        transaction_uid = f"2.25.{uuid4().int}"
        asked = list(self._on_record(transaction_uid))
        if not asked:
            return
        wait = archives.TO_THE_LISTENER_SECONDS if listeners.living(self.db) else archives.COMMITMENT_SECONDS
        try:
            answer = self.archive.commit([name for _, name in asked], transaction_uid, wait)
        except DeliveryError as error:
            for delivery, _ in asked:
                self._can_not_ask(delivery, error)
            return
        if answer:
            confirming.committed(self.settings.home, answer)

    def _on_record(self, transaction_uid: str) -> Iterator[tuple[Delivery, Name]]:
        """What the archive is asked to keep in a transaction: all of it that isn't another worker's by now."""
        until = clock.stamp(clock.now() + COMMITMENT_PATIENCE)
        for delivery, name in self.uncommitted.values():
            question = confirming.question(site_secret(self.settings.home), transaction_uid, name.instance)
            asked = deliveries.committing(self.db, delivery, question, until)
            if asked is not None:
                yield asked, name

    def _send(self, queued: Sequence[Delivery]) -> None:
        made = list(self._composed(queued))
        if not made:
            return
        outcomes = self.archive.store([done for _, done in made])
        for (delivery, _), outcome in zip(made, outcomes, strict=True):
            if not self._note(delivery, outcome):
                log.warning(
                    "delivery %s was given to another worker while it was being sent: %s", delivery.id, outcome.reason
                )
        if all(outcome.state is State.RETRY for outcome in outcomes):
            least = min(delivery.attempts for delivery, _ in made)
            after = max(outcome.after or 0 for outcome in outcomes)
            retrying.let_rest(self.db, self.destination.id, least, after)

    def _composed(self, queued: Sequence[Delivery]) -> Iterator[tuple[Delivery, bytes]]:
        """What can be made, of what isn't another worker's by now: the turn may have taken longer than its lease."""
        for self.at in queued:
            if deliveries.is_held(self.db, self.at) and (done := self._of(self.at, composing.compose)) is not None:
                yield self.at, done
        self.at = None

    def _of(self, delivery: Delivery, make: Callable[[Settings, Database, Delivery], T]) -> T | None:
        """What `make` makes for a delivery; where that can't be, it is what became of the delivery."""
        try:
            return make(self.settings, self.db, delivery)
        except SettingsError as error:  # somebody may put that right
            retrying.put_off(self.db, delivery, str(error))
        except CxrError as error:
            deliveries.dead(self.db, delivery, str(error))
        return None

    def _note(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Write down what came of sending; False where the delivery was given to another worker meanwhile."""
        match outcome.state, self.destination.proof:
            case State.ACCEPTED, Proof.NONE:
                return deliveries.accepted(self.db, delivery, outcome.reason, NEVER)
            case State.ACCEPTED, _:
                then = clock.stamp(clock.now() + PROOF_AFTER)
                return deliveries.accepted(self.db, delivery, outcome.reason, then)
            case State.DEAD, _:
                return deliveries.dead(self.db, delivery, outcome.reason)
        return retrying.put_off(self.db, delivery, outcome.reason, outcome.after)
