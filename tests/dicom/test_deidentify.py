"""Nothing that identifies survives: strings planted wherever a file has room for them."""

import itertools
import re

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxr_core.dicom.deidentify import deidentify
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import from_stored
from tests.dicom.films import dataset, dicom, film, picture, reread, to_bytes

SECRET = b"a secret of the test, 32 bytes.."
STANDARD = {
    "AE": "RetrieveAETitle", "CS": "StudyStatusID", "DA": "StudyDate", "DT": "AcquisitionDateTime",
    "DS": "PatientWeight", "IS": "InstanceNumber", "LO": "InstitutionName", "LT": "AdditionalPatientHistory",
    "PN": "PatientName",
    "SH": "AccessionNumber", "ST": "InstitutionAddress", "TM": "StudyTime", "UC": "LongCodeValue",
    "UI": "StudyInstanceUID", "UR": "RetrieveURL", "UT": "TextValue", "AS": "PatientAge",
    "OB": "EncapsulatedDocument", "OW": "RedPaletteColorLookupTableData",
}  # fmt: skip
KEPT_BY_KEYWORD = (
    "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "Manufacturer", "StationName",
    "ManufacturerModelName", "DeviceSerialNumber", "DerivationDescription", "ViewPosition",
    "QualityControlImage", "ImagerPixelSpacing", "WindowCenter", "RescaleIntercept", "VOILUTFunction", "KVP",
    "ExposureInuAs", "Exposure", "ExposureTimeInuS", "ExposureTime", "XRayTubeCurrentInuA", "XRayTubeCurrent",
)  # fmt: skip
"""Elements that reading looks at: they, above all, must not pass anything on."""
PRIVATE_VRS = ("LO", "LT", "SH", "ST", "UT", "PN", "UN", "OB", "UC", "CS", "AE", "UR")


class Planter:
    """Hands out canaries, each only once, and remembers them."""

    def __init__(self):
        self.planted = []
        self.numbers = itertools.count(1000)

    def value(self, vr):
        number = next(self.numbers)
        text = {
            "DA": f"{number}0117", "TM": "111213", "DT": f"{number}0217111111", "DS": f"77{number}.5",
            "IS": f"88{number}", "UI": f"1.2.826.0.1.{number}.7", "AS": "012Y",
        }.get(vr, f"CANARY{number}")  # fmt: skip
        if vr not in ("AS", "TM"):
            self.planted.append(text.encode())
        return text.encode() if vr in ("OB", "OW", "UN") else text


def plant(ds, planter, depth):
    """Fill `ds` with canaries in every VR and in private elements, `depth` more levels deep."""
    for vr, keyword in STANDARD.items():
        setattr(ds, keyword, planter.value(vr))
    ds.add_new(0x00090010, "LO", "ACME")
    for number, vr in enumerate(PRIVATE_VRS):
        ds.add_new(0x00091000 + number, vr, planter.value(vr))
    ds.add_new(0x60000022, "LO", planter.value("LO"))
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60003000, "OW", planter.value("OW"))
    ds.add_new(0x50000022, "LO", planter.value("LO"))
    if depth:
        ds.RequestAttributesSequence = Sequence([plant(Dataset(), planter, depth - 1)])
        ds.add_new(0x000910F0, "SQ", Sequence([plant(Dataset(), planter, depth - 1)]))
    return ds


def survivors(data, planted):
    haystack = data.lower()
    return [canary for canary in planted if canary.lower() in haystack]


@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_nothing_planted_at_three_depths_survives(modality):
    planter = Planter()
    ds = plant(dataset(film(), modality=modality), planter, depth=3)
    for keyword in KEPT_BY_KEYWORD:
        vr = "DA" if keyword == "PatientBirthDate" else "LO"
        ds.add_new(keyword, "LO", planter.value(vr))
    for item_of in ("ViewCodeSequence", "AnatomicRegionSequence", "VOILUTSequence", "ModalityLUTSequence"):
        setattr(ds, item_of, Sequence([plant(Dataset(), planter, depth=1)]))
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.file_meta.SourceApplicationEntityTitle = planter.value("AE")
    ds.file_meta.PrivateInformationCreatorUID = planter.value("UI")
    ds.file_meta.PrivateInformation = planter.value("OB")
    ds.preamble = planter.value("OB").ljust(128, b"\0")
    data = to_bytes(ds) + planter.value("OB")
    assert len(planter.planted) > 300
    assert len(survivors(data, planter.planted)) == len(planter.planted)
    assert survivors(deidentify(data, SECRET), planter.planted) == []


def test_nothing_planted_after_the_pixels_survives():
    ds = dataset(film())
    ds.DataSetTrailingPadding = b"CANARY-TRAIL"
    data = to_bytes(ds)
    assert b"CANARY-TRAIL" in data
    assert b"CANARY-TRAIL" not in deidentify(data, SECRET)


def test_nothing_in_the_unused_bits_survives():
    """An old overlay can spell a name in the bits above the image's."""
    overlay = film() | 0x8000
    assert np.array_equal(from_stored(deidentify(dicom(overlay), SECRET)).pixels, film())


def test_nothing_in_a_png_survives():
    info = PngInfo()
    info.add_text("Author", "CANARY-TEXT")
    info.add_itxt("Name", "CANARY-ITXT", zip=False)
    exif = Image.Exif()
    exif[0x010E] = "CANARY-EXIF"
    data = picture(film(bits=8), pnginfo=info, exif=exif) + b"CANARY-TAIL"
    canaries = (b"CANARY-TEXT", b"CANARY-ITXT", b"CANARY-EXIF", b"CANARY-TAIL")
    assert survivors(data, canaries) == list(canaries)
    assert survivors(deidentify(data, SECRET), canaries) == []


def test_nothing_in_a_jpeg_survives():
    exif = Image.Exif()
    exif[0x010E] = "CANARY-EXIF"
    data = picture(film(bits=8), "JPEG", comment=b"CANARY-COM", exif=exif) + b"CANARY-TAIL"
    canaries = (b"CANARY-COM", b"CANARY-EXIF", b"CANARY-TAIL")
    assert survivors(data, canaries) == list(canaries)
    assert survivors(deidentify(data, SECRET), canaries) == []


def test_the_patient_is_the_same_pseudonym_in_every_image():
    one, two, other = (
        reread(deidentify(dicom(pixels, PatientID=patient), SECRET)).PatientID
        for pixels, patient in ((film(), "4711"), (film(rows=90), "4711"), (film(), "4712"))
    )
    assert one == two != other
    assert one.startswith("patient-")


def test_without_a_patient_each_image_is_one_of_its_own():
    one, again, other = (
        reread(deidentify(picture(film(rows=rows, bits=8)), SECRET)).PatientID for rows in (80, 80, 90)
    )
    assert one == again != other


def test_the_machine_is_a_pseudonym():
    ds = reread(deidentify(dicom(StationName="ROOM1"), SECRET))
    assert ds.DeviceSerialNumber.startswith("device-")
    assert "DeviceSerialNumber" not in reread(deidentify(dicom(), SECRET))


def test_the_equipment_is_a_pseudonym_that_machines_of_a_kind_share():
    one, other, another = (
        reread(deidentify(dicom(StationName=room, Manufacturer="ACME", ManufacturerModelName=model), SECRET))
        for room, model in (("ROOM1", "Ray 5"), ("ROOM2", "Ray 5"), ("ROOM1", "Ray 6"))
    )
    assert one.ManufacturerModelName == other.ManufacturerModelName != another.ManufacturerModelName
    assert re.fullmatch(r"equipment-[0-9a-f]{8}", one.ManufacturerModelName)
    assert "ManufacturerModelName" not in reread(deidentify(dicom(StationName="ROOM1"), SECRET))


def test_deidentifying_twice_keeps_the_image():
    once = deidentify(dicom(), SECRET)
    twice = deidentify(once, SECRET)
    assert np.array_equal(read(twice).radiograph.pixels, film())


def test_it_is_the_same_to_the_byte():
    assert deidentify(dicom(), SECRET) == deidentify(dicom(), SECRET) != deidentify(dicom(), SECRET[::-1])
