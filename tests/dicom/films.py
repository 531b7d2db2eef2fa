"""X-ray files for the tests of the DICOM room, made in memory: nothing here comes from a person."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import gdcm
import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from cxr_core.dicom.keyed import Names

NAMES = Names(
    "patient-0123456789abcdef0123", "device-01234567", "equipment-01234567", "2.25.1", "2.25.2", "2.25.3",
    date(2014, 5, 6),
)  # fmt: skip
"""Keyed names of an X-ray."""
SOP_CLASSES = {"CR": ComputedRadiographyImageStorage, "DX": DigitalXRayImageStorageForPresentation}


def film(rows=80, columns=72, bits=12, signed=False):
    """A smooth picture that uses the whole range of `bits`, and looks the same to no flip or turn."""
    y, x = np.mgrid[0:rows, 0:columns]
    wave = np.sin(x / 9 + 0.3) * np.cos(y / 11) + (x + 2 * y) / (columns + 2 * rows)
    scaled = np.rint((wave - wave.min()) / (wave.max() - wave.min()) * ((1 << bits) - 1)).astype(np.int64)
    kind = ("i2" if bits > 8 else "i1") if signed else ("u2" if bits > 8 else "u1")
    return (scaled - (1 << (bits - 1) if signed else 0)).astype(kind)


def dataset(pixels, bits=None, modality="CR", syntax=ExplicitVRLittleEndian, **attributes):
    """A pydicom data set around `pixels`, with `attributes` by keyword; None leaves an attribute out."""
    bits = bits or (8 if pixels.itemsize == 1 else 12)
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = SOP_CLASSES[modality], generate_uid(entropy_srcs=["film"])
    ds.Modality, ds.BodyPartExamined, ds.PatientID = modality, "CHEST", "P-1"
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    ds.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = pixels.itemsize * 8, bits, bits - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    ds["PixelData"].VR = "OW" if pixels.itemsize == 2 else "OB"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    for keyword, value in attributes.items():
        ds.pop(keyword, None) if value is None else setattr(ds, keyword, value)
    return ds


def to_bytes(ds):
    """The data set as a DICOM file."""
    file = BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def dicom(pixels=None, bits=None, **attributes):
    """A DICOM file around `pixels`, of 12 bits where none are given."""
    return to_bytes(dataset(film() if pixels is None else pixels, bits, **attributes))


def compressed(ds, syntax):
    """The file, compressed by one of pydicom's encoders."""
    ds.compress(syntax, generate_instance_uid=False)
    return to_bytes(ds)


def gdcm_compressed(ds, syntax, folder: Path):
    """The file, compressed by gdcm, which knows JPEG's lossless processes; `syntax` is gdcm's."""
    ds.save_as(folder / "plain.dcm", enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(folder / "plain.dcm"))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetFileName(str(folder / "packed.dcm"))
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return (folder / "packed.dcm").read_bytes()


def encapsulated(pixels, stream, syntax, **attributes):
    """A DICOM file whose pixel data is `stream`, as it stands."""
    ds = dataset(pixels, pixels.itemsize * 8, syntax=syntax, **attributes)
    ds.PixelData = encapsulate([stream])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return to_bytes(ds)


def picture(pixels, kind="PNG", **options):
    """A PNG or JPEG file of `pixels`."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def reread(data):
    """The file as pydicom sees it."""
    return dcmread(BytesIO(data))


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """A zip archive of `files`, bytes by name."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()
