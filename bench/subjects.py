"""The X-rays that are measured on: synthetic, 2000 x 2000, 12 bit, uncompressed, for presentation."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.uid import ExplicitVRLittleEndian

from cxr_core.dicom.phantoms.phantom import phantom

MACHINE = "DEMO-CAR-1"


def big_study(number: int, opacity: bool) -> bytes:
    """A 2000 x 2000, 12-bit DX of 8 MB."""
    ds = pydicom.dcmread(BytesIO(phantom(number, opacity, MACHINE)))
    ds.decompress()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()
