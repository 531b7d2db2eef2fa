"""One file without identity, as a stand-alone step."""

from __future__ import annotations

from cxr_core.dicom.burned_in.clearing import without_text
from cxr_core.dicom.keyed import names_of
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import image_id, to_stored


def deidentify(data: bytes, secret: bytes) -> bytes:
    """The stored form of a DICOM, PNG or JPEG file; a patient that isn't named is keyed by the image itself.

    Raises RejectedFile where the file isn't a chest X-ray that can be judged, or text may be in the picture where it
    can't be taken out unseen; BadInput for a short secret.
    """
    reading = read(data)
    radiograph = without_text(reading.radiograph)
    return to_stored(radiograph, names_of(secret, reading.identity, image_id(radiograph)))
