"""X-rays whose header is full of unique marks, wherever DICOM has room for one, and a search for these in any bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr_core.dicom.phantoms.phantom import phantom

IN_ANSWERS = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName", "StudyDescription", "SeriesInstanceUID", "SOPInstanceUID",
    "FrameOfReferenceUID", "Manufacturer", "ManufacturerModelName", "StationName", "DeviceSerialNumber",
    "SoftwareVersions", "RequestedProcedureID", "ScheduledProcedureStepID",
)  # fmt: skip
"""What an answer may say of its X-ray: patient, study, request, machine, and the X-ray itself. Nothing else."""
_MORE = (
    "OtherPatientIDs", "OtherPatientNames", "PatientBirthTime", "PatientAddress", "PatientTelephoneNumbers",
    "PatientComments", "MilitaryRank", "EthnicGroup", "PatientMotherBirthName", "PatientBirthName", "Occupation",
    "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionDateTime", "ContentTime", "SeriesDescription",
    "ProtocolName", "ImageComments", "PerformingPhysicianName", "OperatorsName", "InstitutionName",
    "InstitutionAddress", "InstitutionalDepartmentName", "RequestingPhysician", "RequestedProcedureDescription",
    "AdmissionID", "AdditionalPatientHistory", "CurrentPatientLocation", "DerivationDescription", "DetectorID",
    "PerformedProcedureStepID", "PerformedProcedureStepDescription", "NameOfPhysiciansReadingStudy", "DeviceUID",
    "StudyComments", "PatientState", "SpecialNeeds", "Allergies", "PatientInsurancePlanCodeSequence",
)  # fmt: skip
_CLEAR = ("Modality", "PatientSex", "BodyPartExamined", "ViewPosition")
"""What is kept as it is: terms of lists alone."""
_META = ("SourceApplicationEntityTitle", "SendingApplicationEntityTitle", "ReceivingApplicationEntityTitle")
_TEXTS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
_NUMBERS = {"FD": "<f8", "FL": "<f4", "SL": "<i4", "UL": "<u4", "SS": "<i2", "US": "<u2", "SV": "<i8", "UV": "<u8"}
_BYTES = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
VRS = (*_TEXTS, "UI", "DA", "TM", "DT", "DS", "IS", *_NUMBERS, *_BYTES)
DEPTHS = 3
_WORDS = [
    re.compile(rb"QX[A-Z]\d{5}ZJ"),
    re.compile(rb"Q\0X\0[A-Z]\0(?:\d\0){5}Z\0J"),  # UTF-16, either way round
]
"""How marks that are text look."""
_SYMBOL = "ł"
"""In every text that may have it: UTF-8 is none of the encodings that a careless copy would survive in."""


@dataclass
class Marked:
    """An X-ray of a patient (a letter) full of marks, which are kept by where they stand."""

    patient: str
    number: int
    odd: bool = False
    """Whether it has marks, too, where the program keeps what it is told: then it is refused."""
    marks: dict[str, bytes] = field(default_factory=dict)
    data: bytes = b""

    def __post_init__(self):
        self._count = 1000 * self.number
        ds = dcmread(BytesIO(phantom(self.number, self.number % 2 == 1, machine="DEMO-SIE-1", rows=300)))
        del ds.QualityControlImage
        ds.SpecificCharacterSet, ds.PatientAge = "ISO_IR 192", "004Y"
        self._mark_public(ds)
        for depth in range(1, DEPTHS + 1):
            self._mark_private(ds, depth)
        self._mark_overlay(ds)
        self._mark_meta(ds)
        file = BytesIO()
        ds.save_as(file, enforce_file_format=True)
        self.data = file.getvalue()

    def allowed(self):
        """Marks that an answer to it may have."""
        return {self.marks[where] for where in IN_ANSWERS}

    def _mark_public(self, ds):
        request = Dataset()
        ds.RequestAttributesSequence = Sequence([request])
        for keyword in ("RequestedProcedureID", "ScheduledProcedureStepID"):
            setattr(request, keyword, self._new(keyword, "SH"))
        for keyword in (*IN_ANSWERS, *_MORE):
            element = Dataset()
            setattr(element, keyword, None)
            (vr,) = [each.VR for each in element]
            if vr != "SQ" and keyword not in request:
                setattr(ds, keyword, self._new(keyword, vr))
        if self.odd:
            for keyword in _CLEAR:
                setattr(ds, keyword, self._new(keyword, "CS"))
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID

    def _mark_private(self, ds, depth):
        """Every VR in a private block, `depth` deep; and a name where a correction of the header would keep it."""
        inner = ds
        for level in range(1, depth):
            item = Dataset()
            block = inner.private_block(0x0011 + 2 * depth, self._new(f"creator {depth}.{level}", "LO"), create=True)
            block.add_new(0x01, "SQ", Sequence([item]))
            inner = item
        block = inner.private_block(0x0011 + 2 * depth, self._new(f"creator {depth}", "LO"), create=True)
        for offset, vr in enumerate(VRS, start=0x10):
            block.add_new(offset, vr, self._new(f"{vr} {depth}", vr))
        if depth > 1:
            inner.PatientName, inner.PatientID = self._new(f"name {depth}", "PN"), self._new(f"ID {depth}", "LO")

    def _mark_overlay(self, ds):
        words = self._new("overlay", "OB")
        ds.add_new(0x60000010, "US", 16)
        ds.add_new(0x60000011, "US", 8 * len(words) // 16)
        ds.add_new(0x60000040, "CS", "G")
        ds.add_new(0x60000050, "SS", [1, 1])
        ds.add_new(0x60000100, "US", 1)
        ds.add_new(0x60000102, "US", 0)
        ds.add_new(0x60000022, "LO", self._new("overlay description", "LO"))
        ds.add_new(0x60001500, "LO", self._new("overlay label", "LO"))
        ds.add_new(0x60003000, "OW", words)

    def _mark_meta(self, ds):
        ds.preamble = self._new("preamble", "OB").ljust(128, b"\0")
        for keyword in _META:
            setattr(ds.file_meta, keyword, self._new(keyword, "AE"))
        ds.file_meta.PrivateInformationCreatorUID = self._new("creator of private information", "UI")
        ds.file_meta.PrivateInformation = self._new("private information", "OB")

    def _new(self, where, vr):
        """A value that there is once in the world, noted as the bytes that it is in the file."""
        self._count += 1
        value, mark = _value(vr, f"QX{self.patient}{self._count:05d}ZJ", self._count)
        assert where not in self.marks
        self.marks[where] = mark
        return value


def _value(vr, words, count):
    if vr in _NUMBERS:
        kind = np.dtype(_NUMBERS[vr])
        data = np.random.default_rng(count).integers(16, 100, 16, np.uint8).tobytes()
        return np.frombuffer(data, kind).tolist(), data
    if vr in _BYTES:
        return words.encode().ljust(16, b"!"), words.encode()
    day, time = f"{date(1931, 1, 1) + timedelta(days=count % 20_000):%Y%m%d}", f"{count % 24:02d}1742.{count:06d}"
    said = {
        "UI": f"1.2.826.0.1.3680043.77.{count}", "DA": day, "TM": time, "DT": day + time, "DS": f"98{count:07d}.7071",
        "IS": f"17{count:08d}",
    }.get(vr, words)  # fmt: skip
    return (words + _SYMBOL if vr in ("LO", "PN", "LT", "ST", "UT", "UC", "SH") else said), said.encode()


def found(data, marks):
    """The marks that are in these bytes, as they are or as UTF-16."""
    words = {each for form in _WORDS for each in form.findall(data)}
    there = {each.replace(b"\0", b"") for each in words}
    return {mark for mark in marks if (mark in there if _WORDS[0].fullmatch(mark) else _is_in(mark, data))}


def _is_in(mark, data):
    if not mark.isascii() or not mark.decode().isprintable():
        return mark in data
    return mark in data or any(mark.decode().encode(form) in data for form in ("utf-16-le", "utf-16-be"))
