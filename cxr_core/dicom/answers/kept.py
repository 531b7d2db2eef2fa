"""What an envelope keeps of an X-ray's header: the one list, element by element, of what an answer needs."""

from __future__ import annotations

from dataclasses import dataclass

PATIENT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "TypeOfPatientID",
    "PatientBirthDate", "PatientSex",
)  # fmt: skip
"""Patient Module, PS3.3 C.7.1.1."""
STUDY = (
    "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyID",
    "ReferringPhysicianName", "StudyDescription", "ProcedureCodeSequence", "PatientAge",
)  # fmt: skip
"""General Study and Patient Study, PS3.3 C.7.2.1 and C.7.2.2."""
SERIES = (
    "SeriesInstanceUID", "Modality", "BodyPartExamined", "Laterality", "ViewPosition", "RequestAttributesSequence",
    "FrameOfReferenceUID",
)  # fmt: skip
"""General Series and Frame of Reference, PS3.3 C.7.3.1 and C.7.4.1; View Position is CR Series', C.8.1.1."""
IMAGE = (
    "SOPClassUID", "SOPInstanceUID", "PatientOrientation", "ImageLaterality", "Rows", "Columns",
    "PhotometricInterpretation", "ImagerPixelSpacing", "PixelSpacing", "LossyImageCompression",
    "LossyImageCompressionRatio", "LossyImageCompressionMethod",
)  # fmt: skip
EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "StationName", "DeviceSerialNumber", "SoftwareVersions")
"""General Equipment, PS3.3 C.7.5.1: the machine, that the answer names as having contributed."""
ENCODING = ("SpecificCharacterSet", "TimezoneOffsetFromUTC")
"""SOP Common, PS3.3 C.12.1: what the texts and times above are to be read by."""
KEPT = (*ENCODING, *PATIENT, *STUDY, *SERIES, *IMAGE, *EQUIPMENT)
SAME = (
    "SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "AccessionNumber",
)  # fmt: skip
"""What an answer must have just as its X-ray has it, absent where it is absent there."""


@dataclass(frozen=True)
class Items:
    """What is kept of the items of a sequence."""

    keywords: tuple[str, ...]
    needed: tuple[str, ...]
    """An item without all of these says nothing, and isn't kept."""


_CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
_ISSUER = ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType")
SEQUENCES = {
    "IssuerOfPatientIDQualifiersSequence": Items(_ISSUER[1:], _ISSUER[1:]),
    "IssuerOfAccessionNumberSequence": Items(_ISSUER, ()),
    "ProcedureCodeSequence": Items((*_CODE, "CodingSchemeVersion"), _CODE),
    "RequestAttributesSequence": Items(("RequestedProcedureID", "ScheduledProcedureStepID"), ()),
}
