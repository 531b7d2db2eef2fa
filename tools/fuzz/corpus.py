"""Whole files and bodies of each kind to begin with: phantoms and test films, which come from nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import gdcm
import numpy as np
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.pacs.web.multipart import joined
from tests.dicom.films import compressed, dataset, dicom, encapsulated, film, gdcm_compressed, picture, zipped
from tests.pacs.web.films import film as sent

BOUNDARY = "edge"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
_PACKED_BY_GDCM = {
    JPEGLosslessSV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    JPEGExtended12Bit: gdcm.TransferSyntax.JPEGExtendedProcess2_4,
}


def dicom_files() -> list[bytes]:
    """A DICOM file in each transfer syntax that is read, and a whole phantom."""
    small = [
        dicom(WindowCenter="2000", WindowWidth="900"),
        dicom(syntax=ImplicitVRLittleEndian),
        dicom(film(bits=8), syntax=ExplicitVRBigEndian),
        dicom(syntax=DeflatedExplicitVRLittleEndian),
        dicom(film(signed=True)),
        dicom(np.dstack([film(bits=8)] * 3)),
        *(compressed(dataset(film()), syntax) for syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless)),
        encapsulated(film(bits=8), picture(film(bits=8), "JPEG"), JPEGBaseline8Bit),
    ]
    with TemporaryDirectory() as folder:
        packed = [gdcm_compressed(dataset(film()), how, Path(folder)) for how in _PACKED_BY_GDCM.values()]
    return [*small, *packed, phantom(1, True, rows=96)]


def png_files() -> list[bytes]:
    """PNG files: grey with 8 and 16 bits, coloured, with a palette, and interlaced by size alone."""
    grey = film(bits=8)
    colours = np.dstack([grey] * 3)
    return [picture(grey), picture(film(bits=16)), picture(colours), picture(np.dstack([colours, grey])),
            picture(grey > 128), picture(grey, optimize=True)]  # fmt: skip


def jpeg_files() -> list[bytes]:
    """JPEG files: grey, progressive, coloured, and with restart intervals."""
    grey = film(bits=8)
    return [picture(grey, "JPEG"), picture(grey, "JPEG", progressive=True), picture(np.dstack([grey] * 3), "JPEG"),
            picture(grey, "JPEG", quality=10, restart_marker_rows=1)]  # fmt: skip


def zip_files() -> list[bytes]:
    """Archives: of pictures and a DICOM file, of folders and archives, of nothing, and of much that packs well."""
    files = {"a.dcm": dicom(), "b.png": picture(film(bits=8)), "c.jpg": picture(film(bits=8), "JPEG")}
    within = {"folder/DICOMDIR": b"x", "folder/deep/../../up.png": picture(film(bits=8)), "in.zip": zipped(files)}
    return [zipped(files), zipped(files, 0), zipped(within), zipped({}), zipped({"zeros.dcm": bytes(2**20)})]


def stow_bodies() -> list[bytes]:
    """A Content-Type, a line end, and a body of DICOM files, as STOW-RS sends them."""
    bodies = [[sent(1, rows=96)], [sent(2, rows=96), b"no DICOM", sent(3, rows=96)], [dicom()], []]
    return [STOW_TYPE.encode() + b"\n" + b"".join(joined(files, BOUNDARY)) for files in bodies]


CORPUS: dict[str, Callable[[], list[bytes]]] = {
    "dicom": dicom_files, "png": png_files, "jpeg": jpeg_files, "zip": zip_files, "stow": stow_bodies,
}  # fmt: skip
"""What there is to begin with, by kind."""
