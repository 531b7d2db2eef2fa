"""Marks that this program writes into DICOM headers and knows again.

A demo X-ray made by the program says so twice: Quality Control Image (0028,0300) is `YES`, which DICOM
gives to images that aren't of a patient (PS3.3 C.7.6.1.1), and Patient ID or Patient's Name begins with
`SYNTHETIC`. One of the two alone isn't enough: hospitals send images of test objects, too.
"""

from __future__ import annotations

PROGRAM = "CXR Second Reader"
"""Manufacturer (0008,0070) of every answer that goes to an archive."""
SYNTHETIC_QUALITY_CONTROL = "YES"
"""Value of Quality Control Image (0028,0300) in a demo X-ray."""
SYNTHETIC_PATIENT = "SYNTHETIC"
"""How Patient ID (0010,0020) or Patient's Name (0010,0010) of a demo X-ray begins."""

IMPLEMENTATION_CLASS_UID = "2.25.136060229990284385552508657076688937815"
"""Implementation Class UID (0002,0012) of the files that this program writes."""
IMPLEMENTATION_VERSION_NAME = "CXR_READER_1"
"""Implementation Version Name (0002,0013): of the stored form, not of the program."""

VIEW_CODES = {"AP": ("399348003", "antero-posterior"), "PA": ("272479007", "postero-anterior")}
"""SNOMED CT codes of the frontal views: PS3.16 CID 4010."""
DERIVATIONS = {"png": "Converted from a PNG file", "jpeg": "Converted from a JPEG file"}
"""Derivation Description (0008,2111) of X-rays that didn't come as DICOM, by Radiograph.source."""


def is_synthetic(quality_control: str | None, patient_id: str | None, patient_name: str | None) -> bool:
    """Whether the header says that the program made the X-ray for a demo."""
    named = any((value or "").startswith(SYNTHETIC_PATIENT) for value in (patient_id, patient_name))
    return quality_control == SYNTHETIC_QUALITY_CONTROL and named
