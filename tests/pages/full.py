"""A home full of things: whatever the pages have a form or a button for is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cxr_core.records import Answer, Label, Lane, Reason, Role, User
from cxr_core.store import alarms, attempts, deliveries, destinations, jobs, pulls, quarantine, secret, shadows
from cxr_core.store.db import opened, transaction
from cxr_core.store.destinations import Rule
from cxr_core.store.pulls import Pull
from cxr_core.work import people
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import connecting, pulling
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.models import retraining, stopping
from cxr_core.work.privacy import identity
from cxr_core.work.reading_room import recording, reviewing
from cxr_core.work.reading_room.recording import ReadForm
from tests.pages.arrived import make_candidate, predicted, refused
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.store.rows import MISTYPED

ARCHIVE = "archive"


def fill(home: Path, users: dict[str, User], key: Path) -> None:
    """Fill it. `users` are ann, bob and eva, who read before she became an auditor; `key` is the file to be made."""
    identity.make_key(home, COMMAND_LINE, key)
    images = [predicted(home, number) for number in range(1, 6)]
    refused(home, 6)
    _read(home, users["ann"], images[0], Label.PNEUMONIA)
    _read(home, users["ann"], images[1], Label.NORMAL)
    _read(home, replace(users["eva"], role=Role.RADIOLOGIST), images[2], Label.PNEUMONIA)
    _models(home, users["bob"])
    _network(home, images[0])
    _alarms(home, users["bob"])
    _people(home)


def _read(home: Path, reader: User, image: str, label: Label) -> None:
    said = reviewing.case(home, reader, image).prediction
    assert said
    reason = None if said["label"] == label else Reason.SMALL
    recording.submit(home, reader, ReadForm(image, said["id"], label, reason))


def _models(home: Path, admin: User) -> None:
    """One that was put to use, a candidate that judges unseen, a retrain that waits, and a stop that is over."""
    retraining.promote(home, admin, make_candidate(home, passed=True), "better on portable films")
    waiting = make_candidate(home, passed=True, number=3)
    stopping.stop(home, admin, "two missed")
    stopping.lift(home, admin, "looked into")
    with opened(home) as db, transaction(db):
        shadows.start(db, waiting, admin.id)
        jobs.ask(db, jobs.Request("retrain", Lane.LEARNING, {"training_set": "x"}))


def _network(home: Path, image: str) -> None:
    pulling.add_source(home, COMMAND_LINE, ARCHIVE, WebAddress("https://pacs.hospital/dicom-web"))
    pulling.add_source(home, COMMAND_LINE, "second", WebAddress("https://other.hospital/dicom-web"))
    with opened(home) as db:
        source = next(each.id for each in pulling.all_sources(home, COMMAND_LINE) if each.name == ARCHIVE)
        pulls.put(db, Pull(source, ("CR",), 2, 15, None))
        pulls.hold(db, pulls.of_source(db, source).id, "it rejects")
        sender, destination = add_sender(db), add_destination(db)
        add_destination(db, "held")
        destinations.add_rule(db, Rule(destination, (Answer.REPORT,)))
        dead = add_delivery(db, add_arrival(db, sender, image=image), destination, model=None)
        deliveries.dead(db, dead, "no such study")
        add_delivery(db, add_arrival(db, sender, 2), destination, model=None)
        with transaction(db):
            quarantine.add(db, {"spool": "nothing"}, (None, None), [[1, 1, 9, 9]], [])
    connecting.hold(home, COMMAND_LINE, "held", "the archive is moved")


def _alarms(home: Path, admin: User) -> None:
    signal = {"beside": "site", "day": "2026-01-05", "chance": 0.0, "n": 40, "sudden": 1, "scope": "site",
              "signal": "mean", "effect": 0.287, "what": ""}  # fmt: skip
    with opened(home) as db:
        for scope in ("site", "device tube"):
            alarms.attach(db, alarms.open_one(db, scope, "2026-01-05", "2026-01-04", "first", "unknown"), [signal])
        alarms.close(db, 2, admin.id, "a tube", "called")


def _people(home: Path) -> None:
    """One who is disabled, and one who mistyped too often."""
    for name in ("dan", "lea"):
        people.add_user(home, COMMAND_LINE, name, Role.RADIOLOGIST, "a long password")
    people.disable(home, COMMAND_LINE, "dan")
    with opened(home) as db, transaction(db):
        for _ in range(MISTYPED):
            attempts.wrong(db, attempts.key_of(secret.site_secret(home), "lea"))
