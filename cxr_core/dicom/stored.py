"""The one stored form of an X-ray: a DICOM file made from scratch, by allow-list.

Nothing is copied from what came in: to_stored sees a Radiograph, which has no room for a name, a date or
free text, and keyed names. CR stays Computed Radiography, DX becomes DX For Presentation, all else Secondary
Capture. The pixels are the source's, in JPEG-LS; the display curve is a VOI LUT of 16 bits, so that any viewer shows
what the model saw. The same X-ray gives the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
from io import BytesIO

import jpeg_ls
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    JPEGLSLossless,
    SecondaryCaptureImageStorage,
)

from cxr_core.dicom import marks
from cxr_core.dicom.body_part import CHEST
from cxr_core.dicom.display_curve import display_curve
from cxr_core.dicom.keyed import Names
from cxr_core.dicom.layout import INVERTED
from cxr_core.dicom.reading import read
from cxr_core.errors import IntegrityError, RejectedFile
from cxr_core.records import Radiograph

_SOP_CLASSES = {"CR": ComputedRadiographyImageStorage, "DX": DigitalXRayImageStorageForPresentation}
_METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113101", "Clean Pixel Data Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
"""PS3.16 CID 7050: what was really done. Age in years and sex are kept, everything else of the patient is not."""
_SHIFTED = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_LEFT_EMPTY = (
    "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName",
    "PatientBirthDate",
)  # fmt: skip
"""Attributes that DICOM wants to be there and lets be empty."""
_LATIN = "ISO_IR 100"


def image_id(radiograph: Radiograph) -> str:
    """64 hex digits, SHA-256: the same picture has the same one, whatever header or lossless syntax brought it.

    What decides how a picture looks before any window is in it: rows, columns, bits, sign, polarity and the
    stored values, little endian. Not in it: patient, machine, window and display curve (another header around
    the same exposure), allocated bits, byte order and compression (another packing of the same values).
    """
    pixels = _little_endian(radiograph)
    polarity = radiograph.photometric == INVERTED
    facts = struct.pack("<IIBBB", *pixels.shape, radiograph.bits, pixels.dtype.kind == "i", polarity)
    digest = hashlib.sha256(facts)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def to_stored(radiograph: Radiograph, names: Names) -> bytes:
    """The stored form, a DICOM file, in which keyed names stand for all that identifies."""
    ds = Dataset()
    _add_object(ds, radiograph, names)
    _add_patient(ds, radiograph, names)
    _add_equipment(ds, radiograph, names)
    _add_exposure(ds, radiograph)
    _add_image(ds, radiograph)
    ds.file_meta = _file_meta(ds)
    file = BytesIO()
    dcmwrite(file, ds, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return file.getvalue()


def from_stored(data: bytes) -> Radiograph:
    """The X-ray that to_stored was given. Raises IntegrityError where `data` isn't its work any more."""
    try:
        return read(data).radiograph
    except RejectedFile as error:
        raise IntegrityError(
            f"a stored X-ray can't be read any more ({error.reason}): restore it from a backup"
        ) from error


def _little_endian(radiograph: Radiograph) -> np.ndarray:
    pixels = radiograph.pixels
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)


def _file_meta(ds: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGLSLossless
    meta.ImplementationClassUID = UID(marks.IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = marks.IMPLEMENTATION_VERSION_NAME
    return meta


def _add_object(ds: Dataset, radiograph: Radiograph, names: Names) -> None:
    """SOP Common, General Study, General Series and General Image: PS3.3 C.12.1, C.7.2.1, C.7.3.1, C.7.6.1."""
    ds.SpecificCharacterSet = _LATIN
    ds.SOPClassUID = _SOP_CLASSES.get(radiograph.modality, SecondaryCaptureImageStorage)
    ds.SOPInstanceUID = names.instance
    ds.StudyInstanceUID, ds.SeriesInstanceUID = names.study, names.series
    ds.StudyDate = names.taken_on.isoformat().replace("-", "") if names.taken_on else ""
    for keyword in _LEFT_EMPTY:
        setattr(ds, keyword, "")
    ds.SeriesNumber = ds.InstanceNumber = "1"
    ds.Modality = radiograph.modality
    ds.ImageType = ["DERIVED", "PRIMARY" if radiograph.modality in _SOP_CLASSES else "SECONDARY"]
    if radiograph.source in marks.DERIVATIONS:
        ds.DerivationDescription = marks.DERIVATIONS[radiograph.source]
    if radiograph.synthetic:
        ds.QualityControlImage = marks.SYNTHETIC_QUALITY_CONTROL
    ds.LossyImageCompression = "01" if radiograph.lossy else "00"


def _add_patient(ds: Dataset, radiograph: Radiograph, names: Names) -> None:
    """Patient and Patient Study with the marks of de-identification: PS3.3 C.7.1.1, PS3.15 E.1.1."""
    ds.PatientName = marks.SYNTHETIC_PATIENT if radiograph.synthetic else ""
    ds.PatientID = names.patient
    ds.PatientSex = radiograph.sex or ""
    if radiograph.age_years is not None:
        ds.PatientAge = f"{radiograph.age_years:03d}Y"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "Rebuilt by allow-list; patient and device are keyed pseudonyms"
    methods = (*_METHODS, _SHIFTED) if names.taken_on else _METHODS
    ds.DeidentificationMethodCodeSequence = [_code(value, "DCM", meaning) for value, meaning in methods]
    ds.LongitudinalTemporalInformationModified = "MODIFIED" if names.taken_on else "REMOVED"


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _add_equipment(ds: Dataset, radiograph: Radiograph, names: Names) -> None:
    """General Equipment, SC Equipment and what CR and DX ask of an acquisition: PS3.3 C.7.5.1, C.8.6.1, C.8.11."""
    ds.Manufacturer = radiograph.manufacturer or ""
    if names.device is not None:
        ds.DeviceSerialNumber = names.device
    if names.equipment is not None:
        ds.ManufacturerModelName = names.equipment
    ds.BodyPartExamined = radiograph.body_part or ""
    if radiograph.body_part != CHEST and ds.SOPClassUID != DigitalXRayImageStorageForPresentation:
        ds.Laterality = ""  # of a part that may come in pairs, the side isn't kept
    ds.ViewPosition = radiograph.view or ""
    ds.PatientOrientation = list(radiograph.orientation or ())
    if radiograph.pixel_spacing is not None:
        ds.ImagerPixelSpacing = [f"{value:g}" for value in radiograph.pixel_spacing]
    if ds.SOPClassUID == SecondaryCaptureImageStorage:
        ds.ConversionType = "WSD"
    if ds.SOPClassUID == DigitalXRayImageStorageForPresentation:
        _add_digital_xray(ds, radiograph)


def _add_exposure(ds: Dataset, radiograph: Radiograph) -> None:
    """What the tube was set to, of CR Image and X-Ray Generation: PS3.3 C.8.1.2, C.8.7.9."""
    if radiograph.kvp is not None:
        ds.KVP = f"{radiograph.kvp:g}"
    if radiograph.exposure_mas is not None:
        ds.ExposureInuAs = round(radiograph.exposure_mas * 1000)


def _add_digital_xray(ds: Dataset, radiograph: Radiograph) -> None:
    """What DX must say (PS3.3 A.26.3). Reading refuses images whose header says that text is burned in."""
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageLaterality = "U"
    ds.AnatomicRegionSequence = [_code("816094009", "SCT", "Chest")] if radiograph.body_part == CHEST else []
    ds.AcquisitionContextSequence = []
    if radiograph.view in marks.VIEW_CODES:
        value, meaning = marks.VIEW_CODES[radiograph.view]
        ds.ViewCodeSequence = [_code(value, "SCT", meaning)]
    ds.BurnedInAnnotation = "NO"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if radiograph.photometric == INVERTED else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "INVERSE" if radiograph.photometric == INVERTED else "IDENTITY"
    ds.DetectorType = ds.PositionerType = ""


def _add_image(ds: Dataset, radiograph: Radiograph) -> None:
    """Image Pixel and VOI LUT: PS3.3 C.7.6.3, C.11.2."""
    signed = radiograph.pixels.dtype.kind == "i"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = radiograph.photometric
    ds.Rows, ds.Columns = radiograph.pixels.shape
    ds.BitsAllocated = 8 if radiograph.bits == 8 and not signed else 16
    ds.BitsStored, ds.HighBit = radiograph.bits, radiograph.bits - 1
    ds.PixelRepresentation = int(signed)
    ds.VOILUTSequence = [display_curve(radiograph.tone, radiograph.photometric == INVERTED, signed)]
    ds.PixelData = encapsulate([_compressed(radiograph, signed)])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True


def _compressed(radiograph: Radiograph, signed: bool) -> bytes:
    """The pixels in JPEG-LS (ITU-T T.87), negative values as two's complement of `bits` bits (PS3.5 8.2.3)."""
    pixels = _little_endian(radiograph)
    if signed:
        pixels = pixels.view("<u2") & ((1 << radiograph.bits) - 1)
    rows, columns = pixels.shape
    stream = jpeg_ls.encode_buffer(pixels.tobytes(), rows, columns, 1, radiograph.bits)
    return bytes(stream) + b"\0" * (len(stream) % 2)
