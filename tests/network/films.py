"""Many small X-rays, of all machines of the demo and in six transfer syntaxes."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.phantoms.machines import MACHINES
from cxr_core.dicom.phantoms.phantom import phantom
from tests.pacs.objects import converted

SYNTAXES = {
    ImplicitVRLittleEndian: "-xi", ExplicitVRLittleEndian: "-xe", JPEGLosslessSV1: "-xs", JPEGLSLossless: "-xt",
    JPEG2000Lossless: "-xv", RLELossless: "-xr",
}  # fmt: skip
"""Each with storescu's option for proposing it."""
ROWS = 160


@dataclass(frozen=True)
class Film:
    """An X-ray as it is sent."""

    path: Path
    machine: str
    syntax: str
    patient: str
    study: str
    instance: str


def films(folder, count):
    """So many different X-rays of different children, written to `folder`."""
    return [_film(folder, number) for number in range(count)]


def _film(folder, number):
    data = phantom(number, number % 2 == 0, rows=ROWS)
    if _syntax(data) == ExplicitVRLittleEndian and number // len(MACHINES) % 2:
        data = converted(folder, data, "dcmcjpeg", "+e1")
    path = folder / f"{number}.dcm"
    path.write_bytes(data)
    ds = dcmread(path, stop_before_pixels=True)
    return Film(
        path, ds.StationName, ds.file_meta.TransferSyntaxUID, ds.PatientID, ds.StudyInstanceUID, ds.SOPInstanceUID
    )


def _syntax(data):
    return dcmread(BytesIO(data), stop_before_pixels=True).file_meta.TransferSyntaxUID
