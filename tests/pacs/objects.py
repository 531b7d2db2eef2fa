"""DICOM files for tests of the network, and what of them must come through unchanged."""

from __future__ import annotations

import subprocess
from functools import cache
from io import BytesIO

from pydicom import dcmread
from pydicom.filewriter import write_file_meta_info

from cxr_core.dicom.phantoms.phantom import phantom
from tests.debian import program

SMALL = 120
"""Rows."""


@cache
def xray(number, machine="DEMO-SIE-1"):
    """A small X-ray as a DICOM file; DEMO-SIE-1 writes explicit VR without compression."""
    return phantom(number, opacity=False, machine=machine, rows=SMALL)


def converted(folder, data, converter, option):
    """The file in another transfer syntax, by a program of dcmtk."""
    came, made = folder / "came.dcm", folder / "made.dcm"
    came.write_bytes(data)
    subprocess.run([program(f"/usr/bin/{converter}", "dcmtk"), option, came, made], check=True)
    return made.read_bytes()


def data_set(data):
    """The bytes of a file after its file meta information."""
    return data[_meta_end(data) :]


def syntax(data):
    return dcmread(BytesIO(data[: _meta_end(data)])).file_meta.TransferSyntaxUID


def _meta_end(data):
    assert data[128:132] == b"DICM"
    return 144 + int.from_bytes(data[140:144], "little")  # (0002,0000) is the first element (PS3.10 7.1)


def relabelled(data, name):
    """The same data set under the name of another transfer syntax, which a network has no business to check."""
    ds = dcmread(BytesIO(data), stop_before_pixels=True)
    ds.file_meta.TransferSyntaxUID = name
    start = BytesIO()
    start.write(bytes(128) + b"DICM")
    write_file_meta_info(start, ds.file_meta)
    return start.getvalue() + data_set(data)
