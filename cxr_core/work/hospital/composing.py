"""Making an answer: what is said of an image, on the envelope of the object that it came as; kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    Comprehensive3DSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
)
from sqlite_utils import Database

from cxr_core import __version__
from cxr_core.dicom.answers import assessment, checking, presentation, report, secondary_capture
from cxr_core.dicom.answers.envelope import Envelope
from cxr_core.dicom.answers.finding import Finding, Read, Refusal, Verdict
from cxr_core.dicom.answers.uids import Kind, instance_uid, series_uid
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.stored import from_stored
from cxr_core.errors import Conflict
from cxr_core.model.card import Card
from cxr_core.records import Answer, Label, Radiograph, Reason
from cxr_core.settings import Settings
from cxr_core.store import arrivals, deliveries, files, images, models, predictions, reads
from cxr_core.store.arrivals import Arrival
from cxr_core.store.deliveries import Delivery, Settled
from cxr_core.store.secret import site_secret
from cxr_core.work.privacy import identity

INTAKE = "intake"
"""What gives the answer to an object that no model has seen, in the place of a model version."""
NO_WEIGHTS = "0" * 64

CLASSES = {
    Answer.CAPTURE: (Kind.PICTURE, SecondaryCaptureImageStorage),
    Answer.REPORT: (Kind.REPORT, Comprehensive3DSRStorage),
    Answer.PRESENTATION: (Kind.MARKS, GrayscaleSoftcopyPresentationStateStorage),
    Answer.ASSESSMENT: (Kind.ASSESSMENT, Comprehensive3DSRStorage),
}  # fmt: skip
"""Of each answer, what its UIDs call it, and its SOP class."""


@dataclass(frozen=True)
class Name:
    """How an archive knows an answer."""

    study: str
    series: str
    instance: str
    sop_class: str


def compose(settings: Settings, db: Database, delivery: Delivery) -> bytes:
    """The answer that a delivery is about as a DICOM file, the same to the byte whenever it is made.

    Raises Conflict where what it tells has been changed or taken back, IntegrityError where the envelope, the image or
    the finished object isn't what it should be, SettingsError without the private key.
    """
    envelope, finding = _about(settings, db, delivery)
    if finding.model == INTAKE and envelope.image_id:
        raise Conflict("this X-ray could not be taken in at first, came again and was: another answer tells of that")
    data = _made(settings, db, delivery, envelope, finding)
    checking.check(data, envelope)
    return data


def name(settings: Settings, db: Database, delivery: Delivery) -> Name:
    """How an archive knows the answer, whether or not it could still be made. Raises as `compose`, but no Conflict."""
    envelope, finding = _about(settings, db, delivery)
    kind, sop_class = CLASSES[delivery.answer]
    return Name(
        envelope.text("StudyInstanceUID") or "",
        series_uid(envelope, finding, kind),
        instance_uid(envelope, finding, kind, delivery.read),
        sop_class,
    )


def _about(settings: Settings, db: Database, delivery: Delivery) -> tuple[Envelope, Finding]:
    arrival = arrivals.get(db, delivery.arrival)
    envelope = Envelope.from_bytes(identity.unseal(settings, arrival.envelope, identity.ENVELOPE))
    return envelope, _finding(settings, db, arrival, delivery)


def _made(settings: Settings, db: Database, delivery: Delivery, envelope: Envelope, finding: Finding) -> bytes:
    match delivery.answer:
        case Answer.CAPTURE:
            return secondary_capture.secondary_capture(envelope, finding, _grey(_stored(settings, db, finding)))
        case Answer.PRESENTATION:
            return presentation.presentation_state(envelope, finding, _stored(settings, db, finding).tone)
        case Answer.ASSESSMENT:
            return assessment.assessment(envelope, finding, _read(settings, db, delivery))
    return report.report(envelope, finding) if finding.label else report.not_analysed(envelope, finding)


def _finding(settings: Settings, db: Database, arrival: Arrival, delivery: Delivery) -> Finding:
    said = predictions.of_model(db, arrival.image, delivery.model) if arrival.image and delivery.model else None
    made = deliveries.settled(db, delivery, __version__)
    if said is None:
        return _not_taken_in(settings, arrival, made)
    card = Card.from_dict(models.card(db, said["model"]))
    return Finding(
        image_id=said["image"], model=card.name, weights_sha256=card.weights_sha256, made_at=said["made_at"],
        program=made.program, key=site_secret(settings.home), threshold=card.calibration.threshold,
        normal_up_to=card.calibration.normal_up_to, pneumonia_from=card.calibration.pneumonia_from,
        probability=said["probability"],
        label=said["label"] and Label(said["label"]), heatmap=said["heatmap"], heatmap_doubt=said["heatmap_doubt"],
        heatmap_scale=card.heatmap_scale, put_right=said["put_right"],
        refusals=tuple(map(Refusal, said["reason_kinds"], said["reasons"])),
        predecessor=_weights(db, made.before.model) if made.before else None, audit_head=made.head,
    )  # fmt: skip


def _weights(db: Database, model: str | None) -> str:
    return str(models.card(db, model)["weights_sha256"]) if model else NO_WEIGHTS


def _not_taken_in(settings: Settings, arrival: Arrival, made: Settled) -> Finding:
    return Finding(
        image_id="", model=INTAKE, weights_sha256=NO_WEIGHTS, made_at=arrival.received_at, program=made.program,
        key=site_secret(settings.home), threshold=1.0, normal_up_to=0.0, pneumonia_from=1.0,
        refusals=(Refusal("intake", arrival.refused or ""),), audit_head=made.head,
    )  # fmt: skip


def _stored(settings: Settings, db: Database, finding: Finding) -> Radiograph:
    return from_stored(files.get(settings.home, images.get(db, finding.image_id)["file_sha256"]))


def _grey(radiograph: Radiograph) -> NDArray[np.uint8]:
    """rows x columns, 0..255 as displayed."""
    return np.rint(radiograph.tone(radiograph.pixels) * 255).astype(np.uint8)


def _read(settings: Settings, db: Database, delivery: Delivery) -> Read:
    row = reads.get(db, delivery.read or 0)
    if not reads.is_current(db, row["id"]):
        raise Conflict("the reader has changed or taken back this read since")
    before = deliveries.settled(db, delivery, __version__).before
    return Read(
        number=row["id"], reader=pseudonym(site_secret(settings.home), "reader", str(row["reader"])),
        label=Label(row["label"]), verdict=_verdict(db, row), made_at=row["made_at"],
        reason=row["reason"] and Reason(row["reason"]), regions=tuple(row["regions"]),
        predecessor=before.read if before else None,
    )  # fmt: skip


def _verdict(db: Database, row: dict) -> Verdict:
    """A label turned round is a rejection; where the model was uncertain, or the place is put differently, a change."""
    said = predictions.get(db, row["prediction"]) or {}
    if row["agrees"]:
        return Verdict.CHANGES if row["regions"] else Verdict.AGREES
    return Verdict.CHANGES if said.get("label") == Label.UNCERTAIN else Verdict.REJECTS
