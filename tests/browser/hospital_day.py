"""A day in a hospital's network, made up: who sent X-rays when, and what became of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.pacs.outcome import of_status
from cxr_core.records import Answer, Proof
from cxr_core.store import deliveries, destinations, models, senders
from cxr_core.store.db import opened, transaction
from cxr_core.store.deliveries import Delivery
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting
from cxr_core.work.incoming import pictures
from tests.network.hospital import Hospital
from tests.store.exchanged import add_arrival, add_delivery
from tests.store.rows import add_image

SENDERS = (("Emergency room", "ER1"), ("Ward 4, mobile", "WARD4"), ("Outpatients", "OUTP"))
STATIONS = ("7f3a90c1d2", "c41be8077a", "19d5f26e80", "a8027c5b3f")
"""Pseudonyms: of each sender one, and of the last another one."""
PACS, RESEARCH = "PACS", "Research archive"
ARCHIVES = ((PACS, "PACS@10.1.2.3:104", Proof.COMMITMENT), (RESEARCH, "RESEARCH@10.1.7.9:11112", Proof.QUERY))
BY_HOUR = (1, 0, 1, 0, 0, 1, 2, 5, 9, 12, 11, 8, 6, 9, 10, 8, 6, 4, 3, 3, 2, 1, 2, 1)
"""X-rays, from midnight on; at least one in the hour that runs."""
REFUSED = "It is a lateral view, and the model knows frontal ones alone."
NEW = 2
"""X-rays whose answers are still on their way."""


def lived_through(hospital: Hospital) -> None:
    """Write the last 24 hours of such a day into the hospital's home, as if all of it had happened."""
    for name, title in SENDERS:
        connecting.add_sender(hospital.home, COMMAND_LINE, name, "10.1.0.0/16", title)
    for name, address, proof in ARCHIVES:
        connecting.add_dicom(hospital.home, COMMAND_LINE, name, address, False, proof)
    moments = list(_moments())
    with opened(hospital.home) as db, transaction(db):
        for name, *_ in ARCHIVES:
            destinations.add_rule(db, Rule(destinations.named(db, name).id, (Answer.CAPTURE, Answer.REPORT)))
        for number, moment in enumerate(moments, 1):
            with clock.at(moment):
                _come(db, hospital, number, is_new=number > len(moments) - NEW)


def _moments() -> Iterator[datetime]:
    """When an X-ray came, oldest first."""
    now = clock.now()
    for back in range(23, -1, -1):
        begun = (now - timedelta(hours=back)).replace(minute=0, second=0, microsecond=0)
        span = min(timedelta(hours=1), now - begun)
        many = max(BY_HOUR[begun.hour], not back)
        yield from (begun + span * (each + 0.5) / many for each in range(many))


def _come(db: Database, hospital: Hospital, number: int, is_new: bool) -> None:
    """One X-ray, and its answers; of some there is no opinion."""
    station = (0, 2, 1, 0, 3, 2, 0)[number % 7]
    sender = senders.named(db, SENDERS[min(station, 2)][0]).id
    image = _image(db, hospital, number) if number % 19 else None
    refused = None if image else REFUSED
    arrival = add_arrival(db, sender, number, image, device=STATIONS[station], refused=refused)
    for name, *_ in ARCHIVES:
        for kind in (Answer.CAPTURE, Answer.REPORT) if image else (Answer.REPORT,):
            model = models.running(db) if image else None
            queued = add_delivery(db, arrival, destinations.named(db, name).id, kind, model)
            (claimed,) = deliveries.claim(db, queued.destination, "a worker", clock.stamp(), 1)
            (_set_out if is_new else _arrive)(db, claimed, name, number)


def _image(db: Database, hospital: Hospital, number: int) -> str:
    """Its row, and an empty picture, lest a worker tries to make one."""
    image = add_image(db, int(sha256(str(number).encode()).hexdigest(), 16), received_at=clock.stamp())
    place = pictures.place(hospital.home, image)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    return str(image)


def _set_out(db: Database, delivery: Delivery, name: str, number: int) -> None:
    """It waits: at one destination to be proven, at the other for room. Nothing is due while anybody looks."""
    later = clock.stamp(clock.now() + timedelta(minutes=50))
    if name == PACS:
        deliveries.accepted(db, delivery, of_status(0).reason, later)
    else:
        deliveries.again(db, delivery, f"RESEARCH at 10.1.7.9:11112: {of_status(0xA700).reason}", later)


def _arrive(db: Database, delivery: Delivery, name: str, number: int) -> None:
    """It is there, unless it was refused."""
    if name == RESEARCH and number % 23 == 0:
        deliveries.dead(db, delivery, f"RESEARCH at 10.1.7.9:11112: {of_status(0x0122).reason}")
    else:
        deliveries.verified(db, delivery, "committed to" if name == PACS else "it is there")
