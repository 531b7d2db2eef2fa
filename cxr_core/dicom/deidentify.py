"""One file without identity, as a stand-alone step."""

from __future__ import annotations

from cxr_core.dicom.pseudonym import pseudonym
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import image_id, to_stored


def deidentify(data: bytes, secret: bytes) -> bytes:
    """The stored form of a DICOM, PNG or JPEG file; a patient that isn't named is keyed by the image itself.

    Raises RejectedFile where the file isn't a chest X-ray that can be judged, BadInput for a short secret.
    """
    reading = read(data)
    name = image_id(reading.radiograph)
    identity = reading.identity
    patient = pseudonym(secret, "patient", identity.patient or name)
    device = identity.device and pseudonym(secret, "device", identity.device)
    equipment = identity.equipment and pseudonym(secret, "equipment", identity.equipment)
    return to_stored(reading.radiograph, patient, device, equipment, name)
