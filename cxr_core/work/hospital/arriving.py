"""What came over the network is noted with its image, and whatever may be answered at once is queued with it."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.dicom.answers.envelope import enclose
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.reading import Named, named
from cxr_core.dicom.screening import OWN_ANSWER
from cxr_core.errors import IntegrityError, RejectedFile
from cxr_core.store import arrivals, seal, set_aside
from cxr_core.store.arrivals import Arrival
from cxr_core.store.db import opened
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.hospital import answering
from cxr_core.work.opening import secret_for
from cxr_core.work.privacy import identity


def noted(desk: Desk, outcome: Outcome, data: bytes, sender: int, received_at: str) -> Outcome:
    """The outcome of an intake, whose transaction also notes the object that a sender sent, when, and its answers.

    An object that names itself, its series or its study in no valid way could be answered nowhere: it is refused at the
    door, and isn't noted where it lay in the spool before.
    Answers that an archive sends back aren't answered: each would bring another one about.
    """
    if outcome.result.get("code") == OWN_ANSWER:
        return outcome
    try:
        arrival = _arrival(desk, outcome, data, sender, received_at)
    except RejectedFile:
        return _set_aside(desk, outcome, data)

    def write(db: Database) -> None:
        outcome.write(db)
        if new := arrivals.add(db, arrival):
            answering.answer(db, new)

    return Outcome(outcome.result, write, outcome.after)


def _set_aside(desk: Desk, outcome: Outcome, data: bytes) -> Outcome:
    """The same outcome; what has a name, and can't be answered, doesn't come by itself again and again."""
    try:
        object_ = named(data)
        name = object_name(secret_for(desk.home, object_.synthetic), object_)
    except RejectedFile:
        return outcome

    def write(db: Database) -> None:
        outcome.write(db)
        set_aside.put(db, name, "refused")

    return Outcome(outcome.result, write, outcome.after)


def _arrival(desk: Desk, outcome: Outcome, data: bytes, sender: int, received_at: str) -> Arrival:
    object_, image = named(data), outcome.result.get("image")
    secret, whose = secret_for(desk.home, object_.synthetic), object_.identity
    return Arrival(
        object=object_name(secret, object_),
        sender=sender,
        image=image,
        patient=whose.patient and pseudonym(secret, "patient", whose.patient),
        modality=object_.modality,
        device=whose.device and pseudonym(secret, "device", whose.device),
        refused=None if image else " ".join(outcome.result["reasons"]),
        envelope=_sealed(desk, enclose(data, image or "")),
        received_at=received_at,
    )


def object_name(secret: bytes, object_: Named) -> str:
    """The keyed name of a DICOM object. Raises RejectedFile where it has no SOP Instance UID."""
    if object_.identity.instance is None:
        raise RejectedFile("not_an_xray", "The DICOM file has no SOP Instance UID.")
    return pseudonym(secret, "object", object_.identity.instance)


def _sealed(desk: Desk, envelope: bytes) -> bytes:
    with opened(desk.home) as db:
        public = identity.public_key(db)
    if public is None:
        raise IntegrityError("this site had a key that sealed what came, and it is gone: bring back the database")
    return seal.seal(public, envelope, identity.ENVELOPE)
