"""What all answers have in common: patient and study of the source, a series of their own, who made them and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pydicom.dataset import Dataset

from cxr_core.dicom.answers.envelope import Envelope, copied
from cxr_core.dicom.answers.finding import Finding, plain
from cxr_core.dicom.answers.kept import EQUIPMENT, PATIENT, STUDY
from cxr_core.dicom.answers.uids import Kind, device_uid, instance_uid, series_uid
from cxr_core.dicom.body_part import CHEST
from cxr_core.dicom.marks import PROGRAM

SERIES_NUMBERS = {Kind.PICTURE: 9001, Kind.REPORT: 9002, Kind.MARKS: 9003, Kind.ASSESSMENT: 9004}
"""Far above those that machines give, so that answers come last."""
_WHAT = {
    Kind.PICTURE: "AI pneumonia", Kind.REPORT: "AI pneumonia report", Kind.MARKS: "AI pneumonia marks",
    Kind.ASSESSMENT: "Reader on AI pneumonia",
}  # fmt: skip


@dataclass(frozen=True)
class Making:
    """Which answer it is, and when it was given."""

    kind: Kind
    made_at: datetime
    read: int | None = None


def contribution(image_id: str) -> str:
    """What the processing equipment did, for the description of it; the id is empty where no image came about."""
    return f"Analysed image {image_id}" if image_id else "Analysed no image"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded concept as an item: PS3.3 8.8."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def address(ds: Dataset, envelope: Envelope, finding: Finding, making: Making) -> None:
    """Make `ds`, which has a content already, the answer `making` to the X-ray of `envelope`.

    Of a series its date and time are left out: those of the images of a study that share it may differ.
    """
    for keyword in (*PATIENT, *STUDY, "SpecificCharacterSet"):
        ds.pop(keyword, None)
    ds.update(copied(envelope.source, (*PATIENT, *STUDY, "SpecificCharacterSet")))
    for keyword in _MAY_BE_EMPTY:
        ds.setdefault(keyword, "")
    ds.SOPInstanceUID = instance_uid(envelope, finding, making.kind, making.read)
    ds.SeriesInstanceUID = series_uid(envelope, finding, making.kind)
    ds.SeriesNumber, ds.InstanceNumber = SERIES_NUMBERS[making.kind], making.read or 1
    ds.SeriesDescription = plain(f"{_WHAT[making.kind]} {finding.model} - not for diagnosis", 64)
    date_it(ds, envelope, making.made_at)
    _sign(ds, finding)
    ds.ContributingEquipmentSequence = [*_machine(envelope), _processing(envelope, finding)]


def date_it(ds: Dataset, envelope: Envelope, moment: datetime) -> None:
    """Instance Creation and Content Date and Time, in the time zone of the source's own times where it names one."""
    local = at_source(envelope, moment)
    ds.InstanceCreationDate = ds.ContentDate = local.strftime("%Y%m%d")
    ds.InstanceCreationTime = ds.ContentTime = local.strftime("%H%M%S.%f")
    ds.TimezoneOffsetFromUTC = local.strftime("%z")


def at_source(envelope: Envelope, moment: datetime) -> datetime:
    """The moment in the source's time zone, UTC where it names none."""
    offset = envelope.text("TimezoneOffsetFromUTC") or "+0000"
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return moment.astimezone(timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes)))


def lateral(ds: Dataset, envelope: Envelope) -> None:
    """Laterality and body part of the series, PS3.3 C.7.3.1: empty where a side there may be isn't known."""
    ds.update(copied(envelope.source, ("BodyPartExamined", "Laterality", "RequestAttributesSequence")))
    if "Laterality" not in ds and envelope.text("BodyPartExamined") != CHEST:
        ds.Laterality = ""


def reference(sop_class: str, instance: str) -> Dataset:
    """An item that refers to an object: PS3.3 10.8."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def to_source(envelope: Envelope) -> Dataset:
    """An item that refers to the X-ray itself."""
    return reference(envelope.text("SOPClassUID") or "", envelope.text("SOPInstanceUID") or "")


_MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber",
    "StudyID", "ReferringPhysicianName",
)  # fmt: skip
"""Type 2: DICOM wants them to be there and lets them be empty."""


def _sign(ds: Dataset, finding: Finding) -> None:
    """General Equipment and what an answer is good for: PS3.3 C.7.5.1, C.12.1."""
    ds.Manufacturer = PROGRAM
    ds.ManufacturerModelName = plain(finding.model, 64)
    ds.DeviceSerialNumber = finding.weights_sha256[:16]
    ds.SoftwareVersions = plain(finding.program, 64)
    ds.ContentQualification = "RESEARCH"


def _machine(envelope: Envelope) -> list[Dataset]:
    """The item of the machine that made the X-ray, where it has a name."""
    if "Manufacturer" not in envelope.source:
        return []
    item = copied(envelope.source, EQUIPMENT)
    item.PurposeOfReferenceCodeSequence = [code("109101", "DCM", "Acquisition Equipment")]
    return [item]


def _processing(envelope: Envelope, finding: Finding) -> Dataset:
    """The item of the model version, with its own Device UID: PS3.3 C.12.1, PS3.16 CID 7005."""
    item = Dataset()
    _sign(item, finding)
    del item.ContentQualification
    item.PurposeOfReferenceCodeSequence = [code("109102", "DCM", "Processing Equipment")]
    item.DeviceUID = device_uid(finding)
    item.ContributionDateTime = at_source(envelope, finding.moment).strftime("%Y%m%d%H%M%S.%f%z")
    item.ContributionDescription = contribution(finding.image_id)
    return item
