"""What all reports have in common: Comprehensive 3D SR objects (PS3.3 A.35.13) of the X-ray's patient and study.

highdicom builds them, and sees nothing of whose they are: patient and study are put in afterwards, as bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from highdicom.sr.sop import Comprehensive3DSR
from highdicom.sr.templates import MeasurementReport
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from cxr_core.dicom.answers import codes
from cxr_core.dicom.answers.envelope import Envelope, to_file
from cxr_core.dicom.answers.finding import Finding
from cxr_core.dicom.answers.objects import SERIES_NUMBERS, Making, address
from cxr_core.dicom.answers.uids import Kind, instance_uid, series_uid
from cxr_core.dicom.marks import PROGRAM

logging.getLogger("highdicom").setLevel(logging.WARNING)  # below that it names the UIDs of what it is given

_OF_NOBODY = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime",
)  # fmt: skip


def document(
    envelope: Envelope,
    finding: Finding,
    making: Making,
    content: MeasurementReport,
    evidence: Sequence[Dataset] = (),
    before: Dataset | None = None,
) -> bytes:
    """A report as a DICOM file. `evidence`: other reports that it refers to; `before`: which it takes the place of."""
    report = Comprehensive3DSR(
        evidence=[stand_in(envelope), *evidence],
        content=content,
        series_instance_uid=series_uid(envelope, finding, making.kind),
        series_number=SERIES_NUMBERS[making.kind],
        sop_instance_uid=instance_uid(envelope, finding, making.kind, making.read),
        instance_number=1,
        manufacturer=PROGRAM,
        is_complete=True,
        previous_versions=None if before is None else [before],
    )
    ds = Dataset()
    ds.update({element.tag: element for element in report})
    ds.CodingSchemeIdentificationSequence = [_our_scheme()]
    address(ds, envelope, finding, making)
    return to_file(ds)


def stand_in(envelope: Envelope) -> Dataset:
    """The X-ray as highdicom gets to know it: the object and its size, of nobody."""
    ds = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(ds, keyword, envelope.text(keyword))
    for keyword in _OF_NOBODY:
        setattr(ds, keyword, "")
    ds.Modality, ds.SamplesPerPixel, ds.PixelRepresentation = envelope.text("Modality") or "OT", 1, 0
    ds.Rows, ds.Columns = envelope.integer("Rows") or 1, envelope.integer("Columns") or 1
    return ds


def report_of(envelope: Envelope, finding: Finding, kind: Kind, read: int | None = None) -> Dataset:
    """One of the program's own reports on the same X-ray, as far as other reports refer to it."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = Comprehensive3DSRStorage, instance_uid(envelope, finding, kind, read)
    ds.StudyInstanceUID = envelope.text("StudyInstanceUID")
    ds.SeriesInstanceUID = series_uid(envelope, finding, kind)
    return ds


def _our_scheme() -> Dataset:
    """Whose the codes of SCHEME are: PS3.3 C.12.1."""
    item = Dataset()
    item.CodingSchemeDesignator, item.CodingSchemeName = codes.SCHEME, f"Codes of {PROGRAM}"
    item.CodingSchemeResponsibleOrganization = PROGRAM
    return item
