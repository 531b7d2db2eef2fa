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
    patient = pseudonym(secret, "patient", reading.identity.patient or name)
    device = reading.identity.device and pseudonym(secret, "device", reading.identity.device)
    return to_stored(reading.radiograph, patient, device, name)
