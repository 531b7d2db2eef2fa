"""What in a DICOM file tells whose it is, where it was made and by whom: to be sought elsewhere, never written down."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.charset import python_encoding
from pydicom.datadict import tag_for_keyword

from cxr_core.dicom.flat import Flat, elements_of

PATIENT_NAME, PERSON, BIRTH_DATE, UID = "patient name", "person", "birth date", "UID"
_KINDS = {
    PATIENT_NAME: ("PatientName", "OtherPatientNames", "PatientBirthName"),
    BIRTH_DATE: ("PatientBirthDate",),
    "patient ID": ("PatientID", "OtherPatientIDs", "MedicalRecordLocator", "AdmissionID", "ServiceEpisodeID"),
    "order": (
        "AccessionNumber", "StudyID", "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID",
        "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
    ),
    "address": ("PatientAddress", "PatientTelephoneNumbers", "PatientTelecomInformation", "MilitaryRank",
                "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers", "PersonAddress"),
    "institution": ("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "IssuerOfPatientID"),
    "device": ("StationName", "DeviceSerialNumber", "DetectorID", "GantryID", "PlateID", "CassetteID"),
}  # fmt: skip
_BY_TAG = {tag_for_keyword(keyword): kind for kind, keywords in _KINDS.items() for keyword in keywords}
_OF_THE_STANDARD = "1.2.840.10008."
"""What begins the UIDs that DICOM itself gives out: PS3.5 9.1."""
_FILE_META = 0x0002
_OBJECT_IN_META = 0x00020003


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value that identifies, in clear."""

    kind: str
    value: str


def identifiers_of(data: bytes) -> set[Identifier]:
    """The identifiers in the elements of a DICOM file, at whatever depth.

    Names of patients and of other persons, IDs, numbers of orders, addresses, institutions, machines, birth dates, and
    all UIDs but those of the standard. Raises RejectedFile where the file can't be read at all.
    """
    found: set[Identifier] = set()
    encoding = "latin-1"
    for element in elements_of(data):
        if element.tag == tag_for_keyword("SpecificCharacterSet"):
            encoding = _python_encoding(bytes(element.value)) or encoding
        if kind := _kind_of(element):
            values = (text.decode(encoding, errors="replace") for text in element.texts())
            found.update(Identifier(kind, value) for value in values if value and "\ufffd" not in value)
    return {each for each in found if not (each.kind == UID and each.value.startswith(_OF_THE_STANDARD))}


def _kind_of(element: Flat) -> str | None:
    if element.tag >> 16 == _FILE_META and element.tag != _OBJECT_IN_META:
        return None
    if kind := _BY_TAG.get(element.tag):
        return kind
    return {"PN": PERSON, "UI": UID}.get(element.vr)


def _python_encoding(value: bytes) -> str | None:
    """The encoding of a Specific Character Set of one byte a character, or of Unicode (PS3.3 C.12.1.1.2)."""
    terms = value.decode("ascii", errors="replace").strip(" \0").split("\\")
    return python_encoding.get(terms[0].strip()) if len(terms) == 1 and terms[0].strip() else None
