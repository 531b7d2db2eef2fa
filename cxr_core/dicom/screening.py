"""Whether a DICOM header can belong to an X-ray that can be read and kept, before any pixel is touched."""

from __future__ import annotations

from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from cxr_core.dicom import marks
from cxr_core.dicom.elements import Header
from cxr_core.dicom.modalities import MODALITIES
from cxr_core.errors import RejectedFile

OWN_ANSWER = "own_answer"
"""The reason for which an answer of this program, or of another site's, is refused: an archive may send it back."""
MAX_PIXELS = 100_000_000
MIN_SIDE = 64
MAX_SIDE = 65_535
"""What Rows (0028,0010) and Columns (0028,0011) can say, and so what can be stored."""

ACQUIRED = frozenset(
    (
        ComputedRadiographyImageStorage,
        DigitalXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
    )
)
CAPTURED = frozenset(
    (
        SecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    )
)
_RADIOGRAPHIC = frozenset(("CR", "DX", "DR", "RG"))
_CAPTURE_MODALITIES = _RADIOGRAPHIC | {"OT", "SC"}


def screen(header: Header) -> None:
    """Raise RejectedFile, with its reason, where the header rules the object out; return where it doesn't."""
    if header.text("Manufacturer") == marks.PROGRAM:
        raise RejectedFile(OWN_ANSWER, "The file is an answer of this program. Send the X-ray that it is about.")
    _check_object(header)
    if (header.text("BurnedInAnnotation") or "").upper() == "YES":
        raise RejectedFile(
            "burned_in", "The header says that identifying text is in the picture itself. Send the image without it."
        )
    if header.numbers("NumberOfFrames")[:1] > [1.0]:
        raise RejectedFile("many_frames", "The file holds several frames. Send a single X-ray.")
    check_size(header.integer("Rows") or 0, header.integer("Columns") or 0)


def check_size(rows: int, columns: int) -> None:
    """Raise RejectedFile where an image of `rows` x `columns` is too small or too large to judge."""
    if rows * columns > MAX_PIXELS:
        raise RejectedFile(
            "too_large", f"The image has {rows * columns / 1e6:.0f} megapixels; the limit is {MAX_PIXELS / 1e6:.0f}."
        )
    if max(rows, columns) > MAX_SIDE:
        raise RejectedFile("too_large", f"The image is {columns} x {rows} pixels; a side has {MAX_SIDE} at most.")
    if min(rows, columns) < MIN_SIDE:
        raise RejectedFile(
            "too_small", f"The image is {columns} x {rows} pixels; an X-ray has at least {MIN_SIDE} a side."
        )


def modality_of(header: Header) -> str | None:
    """The modality, one of DICOM's terms, or None where the header names none of these: free text gets nowhere."""
    said = _said_modality(header)
    return said if said in MODALITIES else None


def _said_modality(header: Header) -> str | None:
    """What stands there, whatever it is."""
    return (header.text("Modality") or "").upper() or None


def _check_object(header: Header) -> None:
    sop_class = header.text("SOPClassUID") or header.text("MediaStorageSOPClassUID")
    modality = _said_modality(header)
    if sop_class in ACQUIRED and (modality is None or modality in _RADIOGRAPHIC):
        return
    if sop_class in CAPTURED and (modality is None or modality in _CAPTURE_MODALITIES):
        return
    named = f" ({modality_of(header)})" if modality_of(header) else ""
    raise RejectedFile(
        "not_an_xray", f"The DICOM file isn't an X-ray image{named}. Send a CR, DX or Secondary Capture."
    )
