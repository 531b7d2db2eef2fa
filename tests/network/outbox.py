"""An X-ray with its opinion, whose answers wait to be delivered to archives of all manners; time passes as told."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from pydicom.dataset import Dataset
from pydicom.uid import UID, Comprehensive3DSRStorage
from pynetdicom import build_context, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StudyRootQueryRetrieveInformationModelFind

from cxr_core import clock
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.records import Answer, Proof, Release
from cxr_core.settings import Settings
from cxr_core.store import arrivals, deliveries, destinations, senders
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import answering, connecting, delivering, receiving
from cxr_core.work.hospital.connecting import WebAddress
from cxr_core.work.privacy import identity
from tests.pacs.peers import serving
from tests.work.sites import new_home, work_off

FIND, COMMIT = StudyRootQueryRetrieveInformationModelFind, StorageCommitmentPushModel


def judged(folder, count=1):
    """Settings of a home that so many X-rays came to over the network, and were judged; no answer is asked for yet."""
    settings = replace(new_home(folder), identity_key=folder / "identity.key", free_mb=0)
    identity.make_key(settings.home, COMMAND_LINE, settings.identity_key)
    connecting.add_sender(settings.home, COMMAND_LINE, "Room 1", "127.0.0.1", "ROOM1")
    with opened(settings.home) as db:
        room = senders.named(db, "Room 1")
    for number in range(count):
        receiving.receive(settings, room, phantom(number, False, rows=128))
    work_off(settings)
    return settings


@dataclass
class Outbox:
    """The home, and the pretended moment."""

    settings: Settings

    def __post_init__(self):
        self.moment = clock.now()

    @classmethod
    def of(cls, settings, folder):
        """One on a copy of a home."""
        shutil.copytree(settings.home, folder / "home")
        return cls(replace(settings, home=folder / "home"))

    def to(self, port, proof=Proof.QUERY, name="PACS", tls=False, answers=(Answer.REPORT,), release=Release.AS_READ):
        """Answers are waiting to go to the archive at this port; its number."""
        connecting.add_dicom(self.settings.home, COMMAND_LINE, name, f"ARCHIVE@127.0.0.1:{port}", tls, proof)
        return self._wanted(name, answers, release)

    def to_web(self, url, proof=Proof.QUERY):
        """As `to`, over DICOMweb."""
        connecting.add_stow(self.settings.home, COMMAND_LINE, "PACS", WebAddress(url), proof)
        return self._wanted("PACS", (Answer.REPORT,))

    def moved_to(self, port, proof=Proof.QUERY):
        """The destination is at this port from now on."""
        connecting.change_dicom(self.settings.home, COMMAND_LINE, "PACS", f"MOVED@127.0.0.1:{port}", False, proof)

    def _wanted(self, name, answers, release=Release.AS_READ):
        with self.db() as db:
            number = destinations.named(db, name).id
        connecting.add_rule(self.settings.home, COMMAND_LINE, Rule(number, answers, release))
        self.answer()
        return number

    def answer(self):
        """Queue what the rules ask for."""
        with clock.at(self.moment), self.db() as db:
            for arrival in arrivals.since(db, ""):
                answering.answer(db, arrival)

    def db(self):
        return opened(self.settings.home)

    def deliver(self, destination, **later):
        """Do what is due there once so much time has passed, and say how its deliveries stand."""
        self.moment += timedelta(**later)
        with clock.at(self.moment):
            delivering.deliver_to(self.settings, destination, "a worker")
        return self.ledger(destination)

    def ledger(self, destination):
        with self.db() as db:
            return [each for each in reversed(deliveries.newest(db, 100)) if each.destination == destination]

    def one(self, destination, **later):
        """The same, where one delivery alone is expected."""
        (found,) = self.deliver(destination, **later)
        return found


class Archive:
    """A node that takes reports; `answers` are its next statuses, or what is called with the event to give one."""

    def __init__(self, *answers, forgets=False):
        self.answers, self.forgets = list(answers), forgets
        self.kept: list[str] = []
        """SOP Instance UIDs, once for each time that they were stored."""
        self.asked: list[Dataset] = []
        """What storage commitment was asked for."""

    def _stored(self, event):
        answer = self.answers.pop(0) if self.answers else 0
        status = answer(event) if callable(answer) else answer
        if status in (0, 0xB000) and not self.forgets:
            self.kept.append(event.request.AffectedSOPInstanceUID)
        return status

    def _found(self, event):
        for instance in sorted(set(self.kept)):
            match = Dataset()
            match.SOPInstanceUID = instance
            yield 0xFF00, match

    def _commits(self, event):
        self.asked.append(event.action_information)
        return 0, None

    @contextmanager
    def at_work(self, *more, context=None, finds=True):
        """It listens; its port. Without `finds` it can't be asked what it has; `more` are handlers of other events."""
        handlers = [(evt.EVT_C_STORE, self._stored), (evt.EVT_C_FIND, self._found), (evt.EVT_N_ACTION, self._commits)]
        spoken = [build_context(UID(Comprehensive3DSRStorage)), build_context(COMMIT), *([build_context(FIND)] * finds)]
        with serving(*handlers, *more, contexts=spoken, context=context) as port:
            yield port
