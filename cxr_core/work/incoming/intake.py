"""Intake: spooled bytes become a de-identified image with an opinion, or a plain reason why not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.dicom import archive
from cxr_core.dicom.burned_in.boxes import Box, as_lists
from cxr_core.dicom.burned_in.clearing import HeldBack, without_text
from cxr_core.dicom.dicom_file import is_dicom
from cxr_core.dicom.keyed import Names, names_of
from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.reading import Identity, named, read
from cxr_core.dicom.stored import image_id, to_stored
from cxr_core.drift.appearance import measure
from cxr_core.errors import RejectedFile
from cxr_core.model import dataset, release
from cxr_core.model.preprocess import brightness
from cxr_core.records import Job, Radiograph, Side, Status
from cxr_core.store import audit, files, images, models, predictions, quarantine
from cxr_core.store.db import opened
from cxr_core.store.quarantine import Boxes
from cxr_core.store.secret import site_secret
from cxr_core.work import opening
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.drift import rolling
from cxr_core.work.hospital import arriving
from cxr_core.work.incoming import picturing, spool
from cxr_core.work.models import near_duplicates, reading, shadowing
from cxr_core.work.reading_room import listing

MEASURED_SIZE = 224


@dataclass(frozen=True)
class Arrival:
    """An image as it will be stored."""

    id: str
    names: Names
    side: Side
    radiograph: Radiograph


def take_in(desk: Desk, job: Job) -> Outcome:
    """A job: deal with one spooled file, whose bytes are gone afterwards, unless somebody must look at it first."""
    token = str(job.payload["spool"])
    data = spool.fetch(desk.settings, token)

    def tidy() -> None:
        spool.remove(desk.home, token)

    try:
        outcome = _dealt_with(desk, job, data)
    except HeldBack as held:
        return _held_back(job, data, held, site_secret(desk.home))
    if (sender := job.payload.get("sender")) is not None:
        outcome = arriving.noted(desk, outcome, data, sender, job.payload.get("received_at", job.created_at))
    return replace(outcome, after=tidy)


def _dealt_with(desk: Desk, job: Job, data: bytes) -> Outcome:
    try:
        if why := job.payload.get(spool.UNREAD):
            raise RejectedFile("broke_off", why)
        if archive.is_zip(data):
            return _unpack(desk, job, data)
        if job.payload.get("discard"):
            raise RejectedFile("burned_in", "Identifying text is in the picture itself. Send the image without it.")
        return accept(desk, data, job.payload.get("patient"), job.payload.get("blank"))
    except HeldBack:
        raise
    except RejectedFile as error:
        return Outcome({"status": Status.REJECTED, "reasons": [str(error)], "code": error.reason})


def _held_back(job: Job, data: bytes, held: HeldBack, secret: bytes) -> Outcome:
    """The file stays where it is, until somebody has decided on it."""
    whose = named(data).identity if is_dicom(data) else Identity()
    patient = pseudonym(secret, "patient", whose.patient) if whose.patient else job.payload.get("patient")
    name = whose.instance and pseudonym(secret, "object", whose.instance)

    def write(db: Database) -> None:
        payload = {**job.payload, "job": job.id}
        quarantine.add(db, payload, (patient, name), as_lists(held.boxes), as_lists(held.doubts))

    return Outcome({"status": Status.HELD_BACK, "reasons": [str(held)], "code": held.reason}, write)


def accept(desk: Desk, data: bytes, patient: str | None = None, decided: Boxes | None = None) -> Outcome:
    """De-identify, store and judge the X-ray in `data`; `patient` is the pseudonym for one without a patient.

    `decided` is where somebody who looked at it wants it blanked. Raises RejectedFile, and of these HeldBack where
    somebody must look. The same image sent twice is one image.
    """
    arrival = arrive(desk, data, patient, decided)
    with opened(desk.home) as db:
        if images.exists(db, arrival.id):
            return _known(db, arrival.id)
    model = reading.running_model(desk)
    secret = opening.secret_for(desk.home, arrival.radiograph.synthetic)
    (opinion,) = reading.trusted(model, [reading.prepared(arrival.radiograph, model.card)])
    row = _row(arrival, put_files(desk, arrival))

    def write(db: Database) -> None:
        if not images.exists(db, arrival.id):  # the same image may have been taken in by another worker meanwhile
            if not files.path_of(desk.home, row["file_sha256"]).exists():
                put_files(desk, arrival)  # erased once, sent again, and swept in between
            stored = {**row, **listing.drawn(db, secret, arrival.id)}
            images.add(db, stored, arrival.side)
            rolling.count_picture(db, stored)
            opinion.write(db, stored, model.card)
            audit.record(db, "program", "take in", arrival.id, file=row["file_sha256"], status=opinion.status)
            shadowing.ask(db)

    return Outcome({"status": opinion.status, "image": arrival.id, "reasons": opinion.reasons}, write)


def _known(db: Database, image: str) -> Outcome:
    said = predictions.standing(db, image, models.running(db))
    return Outcome({"status": said["status"], "image": image, "reasons": said["reasons"], "known": True})


def arrive(desk: Desk, data: bytes, patient: str | None = None, decided: Boxes | None = None) -> Arrival:
    """Read, and key everything that identifies; an image without a patient is a patient of its own.

    Raises as `accept`.
    """
    source, content = read(data), hashlib.sha256(data).hexdigest()
    radiograph = without_text(source.radiograph, None if decided is None else [Box(*box) for box in decided])
    secret, image = opening.secret_for(desk.home, radiograph.synthetic), image_id(radiograph)
    names = names_of(secret, source.identity, image, patient)
    side = release.split().get(content) or dataset.draw_side(secret + names.patient.encode())
    return Arrival(image, names, side, radiograph)


def put_files(desk: Desk, arrival: Arrival) -> str:
    """Write the de-identified file, and the picture that browsers show; returns the file's hash."""
    picturing.put(desk.home, arrival.id, arrival.radiograph)
    return files.put(desk.home, to_stored(arrival.radiograph, arrival.names))


def _row(arrival: Arrival, file_sha256: str) -> dict[str, Any]:
    radiograph, names = arrival.radiograph, arrival.names
    return {
        "id": arrival.id, "patient": names.patient, "file_sha256": file_sha256, "source": radiograph.source,
        "modality": radiograph.modality, "view": radiograph.view, "age_years": radiograph.age_years,
        "sex": radiograph.sex, "manufacturer": radiograph.manufacturer, "device": names.device,
        "equipment": names.equipment, "kvp": radiograph.kvp, "exposure_mas": radiograph.exposure_mas,
        "taken_on": names.taken_on and names.taken_on.isoformat(),
        "photometric": radiograph.photometric, "bits": radiograph.bits, "pixel_rows": radiograph.pixels.shape[0],
        "pixel_columns": radiograph.pixels.shape[1], "synthetic": int(radiograph.synthetic),
        "appearance": measure(brightness(radiograph, MEASURED_SIZE)), "received_at": clock.stamp(),
        "fingerprint": near_duplicates.of_radiograph(radiograph),
    }  # fmt: skip


def _unpack(desk: Desk, job: Job, data: bytes) -> Outcome:
    """Each file of a zip becomes a job of its own; what can't be unpacked gets its reason at once."""
    tokens: list[tuple[int, str, str | None]] = []
    refused: list[dict[str, str]] = []
    for number, member in enumerate(archive.members(data), 1):
        if member.rejected:
            refused.append({"member": str(number), "reason": str(member.rejected)})
        else:
            token = spool.member_token(job.payload["spool"], number)
            tokens.append((number, token, _patient_of(desk, job, member.name)))
            with opened(desk.home) as db:
                spool.put(db, desk.home, token, member.data)
        desk.tell({"unpacked": number})
    if not tokens and not refused:
        raise RejectedFile("empty", "The archive holds no files.")
    result: dict[str, Any] = {"refused": refused, "members": []}

    def write(db: Database) -> None:
        sender = spool.Sender(bulk=True)
        for number, token, patient in tokens:
            result["members"].append(spool.queue(db, token, patient, sender, str(number)))

    return Outcome(result, write)


def _patient_of(desk: Desk, job: Job, member: str) -> str | None:
    """The pseudonym given with the zip, else that of the patient whom the site's pattern finds in the member's name."""
    named = spool.patient_from_name(desk.settings, PurePosixPath(member).name)
    return job.payload.get("patient") or (pseudonym(site_secret(desk.home), "patient", named) if named else None)
