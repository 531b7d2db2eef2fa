"""What an X-ray is called here: keyed names in the place of all that would tell whose it is, and when it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cxr_core.dicom.pseudonym import keyed_uid, pseudonym, shifted
from cxr_core.dicom.reading import Identity


@dataclass(frozen=True)
class Names:
    """The same for the same X-ray, patient and machine, on every computer with the site's secret."""

    patient: str
    device: str | None
    equipment: str | None
    study: str
    """UIDs of study, series and object: what belonged together still does."""
    series: str
    instance: str
    taken_on: date | None
    """The study's date, shifted by a number of days that is the patient's: intervals stay true."""


def names_of(secret: bytes, identity: Identity, image_id: str, patient: str | None = None) -> Names:
    """The names of an X-ray; where its header names no patient it is that of the pseudonym `patient`, else its own.

    Raises BadInput where the secret has fewer than 16 bytes.
    """
    itself = f"image {image_id}"
    whose = pseudonym(secret, "patient", identity.patient or itself)
    if patient and not identity.patient:
        whose = patient
    return Names(
        patient=whose,
        device=identity.device and pseudonym(secret, "device", identity.device),
        equipment=identity.equipment and pseudonym(secret, "equipment", identity.equipment),
        study=keyed_uid(secret, "study", identity.study or itself),
        series=keyed_uid(secret, "series", identity.series or itself),
        instance=keyed_uid(secret, "instance", identity.instance or itself),
        taken_on=identity.studied_on and shifted(secret, whose, identity.studied_on),
    )
