"""The header of a synthetic study: an honest DX or CR object (PS3.3 A.26, A.2) of a child who does not exist."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
)

from cxr_core.dicom.marks import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    SYNTHETIC_PATIENT,
    SYNTHETIC_QUALITY_CONTROL,
    VIEW_CODES,
)
from cxr_core.dicom.phantoms.chance import Chance
from cxr_core.dicom.phantoms.machines import Machine

_FIRST_DAY = date(2025, 1, 6)


def header(number: int, opacity: bool, age: int, machine: Machine) -> Dataset:
    """Everything but pixels of the study with this number, of a child of `age` years, on `machine`."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    _identify(ds, f"{number}/{int(opacity)}/{machine.name}", machine)
    _patient(ds, number, age)
    _study(ds, number)
    _equipment(ds, machine)
    _exposure(ds, number, machine)
    _image(ds, machine)
    if machine.modality == "DX":
        _dx(ds, machine)
    return ds


def uid_of(text: str) -> UID:
    """A UID under 2.25 (PS3.5 B.2) that is always the same for the same text."""
    return UID(f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}")


def _identify(ds: Dataset, key: str, machine: Machine) -> None:
    ds.SOPClassUID = (
        ComputedRadiographyImageStorage if machine.modality == "CR" else DigitalXRayImageStorageForPresentation
    )
    ds.SOPInstanceUID = uid_of("synthetic image " + key)
    ds.StudyInstanceUID = uid_of("synthetic study " + key)
    ds.SeriesInstanceUID = uid_of("synthetic series " + key)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    # Our own, so that another version of a library writes the same bytes.
    ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME


def _patient(ds: Dataset, number: int, age: int) -> None:
    chance = Chance(number, "patient")
    taken = _day_of(number)
    ds.PatientName = f"{SYNTHETIC_PATIENT}^Phantom {number:04d}"
    ds.PatientID = f"{SYNTHETIC_PATIENT}-{number:04d}"
    born = date(taken.year - age, taken.month, 1) - timedelta(days=chance.whole(1, 300))
    ds.PatientBirthDate = f"{born:%Y%m%d}"
    ds.PatientSex = chance.pick("MF")
    ds.PatientAge = f"{age:03d}Y"
    ds.QualityControlImage = SYNTHETIC_QUALITY_CONTROL


def _day_of(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number % 360)


def _study(ds: Dataset, number: int) -> None:
    day, hour = f"{_day_of(number):%Y%m%d}", f"{8 + number % 9:02d}{number * 7 % 60:02d}00"
    for name in ("Study", "Series", "Acquisition", "Content"):
        setattr(ds, name + "Date", day)
        setattr(ds, name + "Time", hour)
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = str(number), "1", "1"
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.StudyDescription = "SYNTHETIC chest phantom"


def _equipment(ds: Dataset, machine: Machine) -> None:
    ds.Modality, ds.Manufacturer = machine.modality, machine.manufacturer
    ds.ManufacturerModelName, ds.StationName = machine.model, machine.name
    ds.SoftwareVersions, ds.DeviceSerialNumber = "1.0", "SYNTHETIC"


def _exposure(ds: Dataset, number: int, machine: Machine) -> None:
    """About what the machine is set to: an automatic exposure is never quite the same."""
    chance = Chance(number, "tube")
    ds.KVP = str(machine.kilovolts + chance.whole(-2, 2))
    ds.ExposureInuAs = machine.microampere_seconds * chance.whole(80, 125) // 100


def _image(ds: Dataset, machine: Machine) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.BodyPartExamined, ds.ViewPosition = "CHEST", machine.view
    ds.PatientOrientation = ["L", "F"]
    ds.ImagerPixelSpacing = [machine.spacing, machine.spacing]
    ds.BurnedInAnnotation, ds.LossyImageCompression = "NO", "00"
    ds.ImageComments = "SYNTHETIC: rendered by a program, not an X-ray of a person"


def _dx(ds: Dataset, machine: Machine) -> None:
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.ImageLaterality, ds.PixelIntensityRelationship = "U", "LOG"
    ds.PixelIntensityRelationshipSign = -1 if machine.photometric == "MONOCHROME2" else 1
    ds.DetectorType = "DIRECT"
    ds.AcquisitionContextSequence = []
    ds.AnatomicRegionSequence = [_code("816094009", "Chest")]
    ds.ViewCodeSequence = [_code(*VIEW_CODES[machine.view])]
    ds.PatientOrientationCodeSequence = [_code("10904000", "erect")]
    ds.PositionerType = "COLUMN"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item
