"""Lineage both ways: from an opinion to model, training set and reads; from a patient to what learnt from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.errors import BadInput, NotFound
from cxr_core.records import Side, User
from cxr_core.store import audit, images, lineage, models, predictions, tombstones
from cxr_core.store.db import opened
from cxr_core.store.secret import site_secret
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.incoming.pictures import IMAGE_ID
from cxr_core.work.models.exporting import EXPORT
from cxr_core.work.opening import DEMO_SECRET
from cxr_core.work.reading_room import revealing

COMPARED = "compared on"
HOW = {
    Side.TRAIN: "trained on",
    Side.VALIDATION: "chosen by",
    Side.CALIBRATION: "calibrated on",
    Side.LOCKED: COMPARED,
}
"""What a model did with the images on each side: all but the last is learning."""
THROUGH = "fine-tuned from"
ABBREVIATED = re.compile(r"[0-9a-f]{8,}")
"""A pseudonym or an image's id, as the screens show it, or more of it."""


@dataclass(frozen=True)
class Version:
    """A model version with what it learnt from."""

    name: str
    parent: str | None
    made_at: str
    decision: str | None
    """The last one on it."""
    training_set: str | None
    items: list[dict[str, Any]]
    """How many `images` of each `origin`, `side` and `label`."""
    reads: list[dict[str, Any]]
    """Each read that gave a label, with its image and patient: what store.lineage.reads_of gives."""


@dataclass(frozen=True)
class OfModel:
    """Where a model comes from, and what comes of it."""

    versions: list[Version]
    """The model first, then its parents up to the release."""
    descendants: list[str]
    """The models that were fine-tuned from it or from its descendants."""


@dataclass(frozen=True)
class OfPrediction:
    """Where an opinion comes from."""

    image: str
    patient: str
    prediction: dict[str, Any]
    """`model`, `status`, `label`, `probability`, `made_at`."""
    versions: list[Version]
    """The model that gave it first, then its parents up to the release."""


@dataclass(frozen=True)
class Touched:
    """A model that has to do with a patient."""

    model: str
    how: str
    """One of HOW, or THROUGH and the parent."""
    learnt: bool
    """Whether the patient had a part in how it judges; not so where it was only compared with others on them."""
    decision: str | None
    running: bool


@dataclass(frozen=True)
class OfPatient:
    """What is here of a patient, and where it went."""

    patient: str
    side: str | None
    """None where nothing of them was ever taken in."""
    images: list[dict[str, Any]]
    """`id`, `received_at`, `mode`, `reads` (how many)."""
    erased: list[dict[str, Any]]
    """Tombstones: `image`, `reads`, `reason`, `erased_at`, `erased_by`."""
    reads: list[dict[str, Any]]
    taken: list[dict[str, Any]]
    """What training sets took, with the model made of each: store.lineage.taken_of."""
    models: list[Touched]
    exported: list[dict[str, Any]]
    """When and by whom a set that took them was written to a folder: `at`, `actor`, `subject` (the set)."""


@open_to(*OVERSIGHT)
def find(home: Path, user: User, wanted: str) -> OfPrediction | OfPatient | OfModel:
    """The lineage of whatever this names: a model, an image (on which the standing opinion is meant) or a patient.

    Of an image or a pseudonym eight digits are enough. Raises NotFound, or BadInput for what names two patients.
    """
    text = wanted.strip()
    with opened(home) as db:
        if models.exists(db, text):
            return of_model(home, user, text)
        image, erased = _image_named(db, text), tombstones.patient_of(db, text)
    if image:
        return of_prediction(home, user, image)
    if IMAGE_ID.fullmatch(text) and erased is None:
        raise NotFound(f"there is no image {text[:12]}…")
    try:
        return of_patient(home, user, erased or text)
    except NotFound as error:
        raise NotFound(f"no model or image is named so, and {error}") from error


@open_to(*OVERSIGHT)
def of_model(home: Path, user: User, model: str) -> OfModel:
    """Where a model comes from, up to the release, and which models come from it. Raises NotFound."""
    with opened(home) as db:
        models.card(db, model)
        return OfModel(_versions(db, model), [row["name"] for row in lineage.descendants(db, [model])])


@open_to(*OVERSIGHT)
def of_prediction(home: Path, user: User, image: str, model: str | None = None) -> OfPrediction:
    """Where the opinion of `model` on an image comes from; of the running one if none is named. Raises NotFound."""
    with opened(home) as db:
        row = images.get(db, image)
        said = predictions.standing(db, image, model or models.running(db))
        if model not in (None, said["model"]):
            raise NotFound(f"{model} gave no opinion on image {image[:12]}…")
        kept = {name: said[name] for name in ("model", "status", "label", "probability", "made_at")}
        if not revealing.may_see(db, user, image):
            kept |= {"label": None, "probability": None}
        return OfPrediction(image, row["patient"], kept, _versions(db, said["model"]))


@open_to(*OVERSIGHT)
def of_patient(home: Path, user: User, patient: str) -> OfPatient:
    """What is here of a patient (see `patient_named`), and every model that has to do with them, erased or not."""
    with opened(home) as db:
        return about(db, patient_named(home, db, patient))


def about(db: Database, patient: str) -> OfPatient:
    """What is here of the patient with this pseudonym, and where it went."""
    here = [
        {name: row[name] for name in ("id", "received_at", "mode", "reads")} for row in images.of_patient(db, patient)
    ]
    taken = lineage.taken_of(db, patient)
    erased, said = tombstones.of_patient(db, patient), lineage.reads_on(db, patient)
    exported = audit.of_kind(db, EXPORT, {row["training_set"] for row in taken})
    return OfPatient(patient, images.side_of(db, patient), here, erased, said, taken, _touched(db, taken), exported)


def patient_named(home: Path, db: Database, text: str) -> str:
    """The pseudonym that a text means: one, the beginning of one, or the site's own identifier, which is keyed at once.

    Raises NotFound, or BadInput where it could mean more than one patient.
    """
    name = text.strip()
    known = [name] if name in images.patients(db, name) else [*_abbreviated(db, name), *_keyed(home, db, name)]
    found = sorted(set(known))
    if not found:
        raise NotFound(
            "there is no such patient: give the pseudonym, eight digits of it or more, the patient's ID, or ISSUER\\ID"
        )
    if len(found) > 1:
        raise BadInput(f"this could mean {' or '.join(found)}: give one of them")
    return found[0]


def _image_named(db: Database, text: str) -> str | None:
    """The one image whose id this is, or begins with it, as the screens show it; None where none does, or several."""
    digits = text.lower()
    found = images.beginning(db, digits, 2) if ABBREVIATED.fullmatch(digits) else []
    return found[0] if len(found) == 1 else None


def _abbreviated(db: Database, text: str) -> list[str]:
    digits = text.removeprefix("patient-").lower()
    return images.patients(db, f"patient-{digits}") if ABBREVIATED.fullmatch(digits) else []


def _keyed(home: Path, db: Database, text: str) -> list[str]:
    """The patients whom the site, or a demo, keys this identifier to: as sent with a picture, or in a DICOM header."""
    texts = (text, f"\\{text}")  # a header's identifier stands behind its issuer, if it names one
    secrets = (site_secret(home), DEMO_SECRET)
    keyed = [pseudonym(secret, "patient", each) for secret in secrets for each in texts]
    return [name for name in keyed if images.patients(db, name)]


def _versions(db: Database, model: str) -> list[Version]:
    return [_version(db, row) for row in lineage.ancestry(db, model)]


def _version(db: Database, row: dict[str, Any]) -> Version:
    learnt_from = row["training_set"]
    return Version(
        row["name"], row["parent"], row["made_at"], row["action"], learnt_from,
        lineage.items_of(db, learnt_from) if learnt_from else [],
        lineage.reads_of(db, learnt_from) if learnt_from else [],
    )  # fmt: skip


def _touched(db: Database, taken: list[dict[str, Any]]) -> list[Touched]:
    """The models that training sets made of what they took, then those that come from one that learnt."""
    running = models.running(db)
    found = {}
    for row in taken:
        if name := row["model"]:
            learnt = row["side"] != Side.LOCKED
            found[name] = Touched(name, HOW[Side(row["side"])], learnt, row["action"], name == running)
    for row in lineage.descendants(db, [name for name, touched in found.items() if touched.learnt]):
        name, how = row["name"], f"{THROUGH} {row['parent']}"
        found.setdefault(name, Touched(name, how, True, row["action"], name == running))
    return list(found.values())
