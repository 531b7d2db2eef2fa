"""Received X-rays of every kind, findings on them, and the validator, for the tests of what goes back."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
from pydicom.sequence import Sequence
from pydicom.uid import ComputedRadiographyImageStorage, SecondaryCaptureImageStorage

from cxr_core.dicom.answers.assessment import assessment
from cxr_core.dicom.answers.envelope import Envelope, enclose
from cxr_core.dicom.answers.finding import Finding, Read, Refusal, Verdict
from cxr_core.dicom.answers.objects import code
from cxr_core.dicom.answers.presentation import presentation_state
from cxr_core.dicom.answers.report import not_analysed, report
from cxr_core.dicom.answers.secondary_capture import secondary_capture
from cxr_core.dicom.tone import quantised
from cxr_core.records import Label, Reason, Region, Shape
from tests.debian import program
from tests.dicom.films import dataset, film, to_bytes

IMAGE_ID = "0123456789abcdef" * 4
KEY = b"a secret of this site for tests!"
ROWS, COLUMNS = 96, 112
GREY = np.rint(film(ROWS, COLUMNS, bits=8) * 0.9).astype(np.uint8)
GREEK, JAPANESE = "Διονυσιος", "Yamada^Tarou=山田^太郎=やまだ^たろう"

WHO = {
    "PatientName": "Doe^Jane", "PatientID": "P-0815", "IssuerOfPatientID": "HOSPITAL", "PatientBirthDate": "20210304",
    "PatientSex": "F", "PatientAge": "004Y", "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.1", "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.1.1.1",
    "StudyDate": "20260301", "StudyTime": "101500", "AccessionNumber": "A-4711", "StudyID": "S-1",
    "ReferringPhysicianName": "House^Gregory", "StudyDescription": "Chest", "ViewPosition": "PA",
    "PatientOrientation": ["L", "F"], "ImagerPixelSpacing": ["0.14", "0.14"], "Manufacturer": "Maker",
    "ManufacturerModelName": "Model 1", "StationName": "ROOM-1", "DeviceSerialNumber": "123", "SoftwareVersions": "7.1",
}  # fmt: skip
SOURCES = {
    "CR": {"SOPClassUID": ComputedRadiographyImageStorage},
    "DX": {"modality": "DX", "ImageLaterality": "U", "PresentationIntentType": "FOR PRESENTATION"},
    "SC": {"SOPClassUID": SecondaryCaptureImageStorage, "Modality": "OT", "ConversionType": "WSD"},
}
ODD = {
    "as it should be": {},
    "without orientation": {"PatientOrientation": None},
    "without a body part": {"BodyPartExamined": None},
    "of a hand without a side": {"BodyPartExamined": "HAND"},
    "with a side": {"BodyPartExamined": "HAND", "Laterality": "R"},
    "without a maker": {"Manufacturer": None},
    "Greek": {"SpecificCharacterSet": "ISO_IR 126", "PatientName": GREEK, "ReferringPhysicianName": GREEK},
    "Japanese": {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": JAPANESE},
    "in UTF-8": {"SpecificCharacterSet": "ISO_IR 192", "PatientName": f"{GREEK}^李"},
    "lossy": {
        "LossyImageCompression": "01", "LossyImageCompressionRatio": "10",
        "LossyImageCompressionMethod": "ISO_10918_1",
    },
    "in another time zone": {"TimezoneOffsetFromUTC": "-0330"},
    "with issuers and requests": {
        "IssuerOfPatientIDQualifiersSequence": [{"UniversalEntityID": "1.2.3", "UniversalEntityIDType": "ISO"}],
        "IssuerOfAccessionNumberSequence": [{"LocalNamespaceEntityID": "RIS"}],
        "RequestAttributesSequence": [{"RequestedProcedureID": "R-1", "ScheduledProcedureStepID": "S-1"}],
        "ProcedureCodeSequence": [
            {"CodeValue": "36554-4", "CodingSchemeDesignator": "LN", "CodeMeaning": "XR Chest 1 view"}
        ],
    },
    "of nobody": dict.fromkeys(
        (
            "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge",
            "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName", "StudyDescription",
        )
    ),
}  # fmt: skip


def received(kind="CR", photometric="MONOCHROME2", **attributes):
    """A received DICOM file of WHO; None leaves an attribute out, lists of dicts become sequences."""
    return to_bytes(sent(kind, photometric, **attributes))


def sent(kind="CR", photometric="MONOCHROME2", **attributes):
    """The same as a data set."""
    wanted = {**WHO, "PhotometricInterpretation": photometric, **SOURCES[kind], **attributes}
    return dataset(film(ROWS, COLUMNS), **{name: _sequence(value) for name, value in wanted.items()})


def _sequence(value):
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return value
    items = []
    for fields in value:
        item = code("x", "x", "x")
        item.clear()
        item.update(fields)
        items.append(item)
    return Sequence(items)


def enveloped(data=None, image_id=IMAGE_ID):
    """The envelope of a received file, as it comes back out of its seal."""
    return Envelope.from_bytes(enclose(received() if data is None else data, image_id))


def heat(x=4.5, y=3.5, peak=0.13):
    """A heatmap with one warm spot."""
    rows, columns = np.mgrid[:7, :7]
    return (peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 1.6)).astype(np.float32)


OPINION = Finding(
    image_id=IMAGE_ID, model="site-r7", weights_sha256="ab" * 32, made_at="2026-03-01T11:22:33.456789+00:00",
    program="0.1.0", key=KEY, threshold=0.8574, normal_up_to=0.3193, pneumonia_from=0.9, probability=0.9342,
    label=Label.PNEUMONIA, heatmap=heat(), heatmap_scale=0.1066,
)  # fmt: skip
NORMAL = replace(
    OPINION, probability=0.04, label=Label.NORMAL, heatmap_doubt="The answer is Normal: there is nothing to point at."
)
UNCERTAIN = replace(OPINION, probability=0.55, label=Label.UNCERTAIN)
REFUSED = replace(
    OPINION, probability=None, label=None, heatmap=None,
    refusals=(Refusal("quality", "blurred: send it again."), Refusal("age", "The patient is 44; made for 1 to 5.")),
)  # fmt: skip


READ = Read(
    17, "reader-3", Label.NORMAL, Verdict.REJECTS, "2026-03-02T08:00:00+00:00", Reason.SKIN_FOLD,
    (Region(Shape.BOX, 10, 11, 20, 30), Region(Shape.ELLIPSE, 40.5, 20, 30, 20.25)),
)  # fmt: skip
FULL_RANGE = quantised(np.linspace(0, 1, 4096), 0)
MAKERS = {
    "picture": lambda envelope, finding=OPINION: secondary_capture(envelope, finding, GREY),
    "report": lambda envelope, finding=OPINION: report(envelope, finding),
    "marks": lambda envelope, finding=OPINION: presentation_state(envelope, finding, FULL_RANGE),
    "assessment": lambda envelope, finding=OPINION: assessment(envelope, finding, READ),
    "not analysed": lambda envelope, finding=REFUSED: not_analysed(envelope, finding),
}
"""Each kind of object: of an envelope, and of an opinion or a refusal."""


def content(ds):
    """All items of a report's tree, from the top down."""
    found = []
    for item in ds.get("ContentSequence", []):
        found += [item, *content(item)]
    return found


def named(ds, meaning):
    """Those of them whose concept is this."""
    return [item for item in content(ds) if item.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def errors(data, folder):
    """What dciodvfy calls an error in an object that the program made."""
    (folder / "a.dcm").write_bytes(data)
    done = subprocess.run(
        [program("dciodvfy", "dicom3tools"), "-new", folder / "a.dcm"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    lines = done.stdout.decode("utf-8", errors="replace").splitlines()
    assert lines, "the validator said nothing"
    return [line for line in lines if line.startswith("Error")]
