"""Nothing that identifies survives: strings planted wherever a file has room for them."""

import itertools
import re
import struct
from datetime import datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless

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
    "OB": "EncapsulatedDocument", "OW": "RedPaletteColorLookupTableData", "OD": "DoubleFloatPixelData",
    "OF": "VectorGridData", "OL": "LongPrimitivePointIndexList", "OV": "ExtendedOffsetTable",
    "AT": "DimensionIndexPointer", "FD": "EventTimeOffset", "FL": "RecommendedDisplayFrameRateInFloat",
    "SL": "ReferencePixelX0", "SS": "TagAngleSecondAxis", "SV": "SelectorSVValue", "UL": "SimpleFrameList",
    "US": "PregnancyStatus", "UV": "FileOffsetInContainer",
}  # fmt: skip
NUMBERS = {"FD": "<d", "FL": "<f", "SL": "<i", "SS": "<h", "SV": "<q", "UL": "<I", "US": "<H", "UV": "<Q"}
OTHER = ("OB", "OW", "OD", "OF", "OL", "OV", "UN")
KEPT_BY_KEYWORD = (
    "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "Manufacturer", "StationName",
    "ManufacturerModelName", "DeviceSerialNumber", "DerivationDescription", "ViewPosition",
    "QualityControlImage", "ImagerPixelSpacing", "WindowCenter", "RescaleIntercept", "VOILUTFunction", "KVP",
    "ExposureInuAs", "Exposure", "ExposureTimeInuS", "ExposureTime", "XRayTubeCurrentInuA", "XRayTubeCurrent",
)  # fmt: skip
"""Elements that reading looks at: they, above all, must not pass anything on."""
PRIVATE_VRS = (*STANDARD, "UN")


class Planter:
    """Hands out canaries, each only once, and remembers them."""

    def __init__(self):
        self.planted = []
        self.numbers = itertools.count(1000)

    def value(self, vr):
        number = next(self.numbers)
        if vr in NUMBERS or vr == "AT":
            return self.number(vr, number)
        text = {
            "DA": f"{number}0117", "TM": "111213", "DT": f"{number}0217111111", "DS": f"77{number}.5",
            "IS": f"88{number}", "UI": f"1.2.826.0.1.{number}.7", "AS": "012Y",
        }.get(vr, f"CANARY{number}")  # fmt: skip
        if vr not in ("AS", "TM"):
            self.planted.append(text.encode())
        return text.encode().ljust(16, b"\0") if vr in OTHER else text

    def number(self, vr, number):
        """A number, of which the file has the bytes; those of two bytes would be found by chance."""
        value = (number << 16 | 0xCAFE) if vr == "AT" else number * 1.2345 if vr in ("FD", "FL") else number
        value = (
            value << 16 | 0xBEEF if vr in ("SL", "UL") else value << 40 | 0xBADCAFEBEE if vr in ("SV", "UV") else value
        )
        if vr not in ("SS", "US"):
            parts = struct.pack("<HH", value >> 16, value & 0xFFFF) if vr == "AT" else struct.pack(NUMBERS[vr], value)
            self.planted.append(parts)
        return value


def plant(ds, planter, depth):
    """Fill `ds` with canaries in every VR and in private elements, `depth` more levels deep."""
    for vr, keyword in STANDARD.items():
        setattr(ds, keyword, planter.value(vr))
    ds.add_new(0x00090010, "LO", "ACME")
    for number, vr in enumerate(PRIVATE_VRS):
        ds.add_new(0x00091000 + number, vr, planter.value(vr))
    ds.add_new(0x60000022, "LO", planter.value("LO"))
    ds.add_new(0x60001500, "LO", planter.value("LO"))
    ds.add_new(0x60004000, "LT", planter.value("LT"))
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60003000, "OW", planter.value("OW"))
    ds.add_new(0x50000022, "LO", planter.value("LO"))
    ds.add_new(0x50003000, "OW", planter.value("OW"))
    if depth:
        ds.IconImageSequence = Sequence([icon(planter)])
        ds.RequestAttributesSequence = Sequence([plant(Dataset(), planter, depth - 1)])
        ds.add_new(0x000910F0, "SQ", Sequence([plant(Dataset(), planter, depth - 1)]))
    return ds


def icon(planter):
    """A small picture of the large one, which may have been made before what was burned in was taken out."""
    item = Dataset()
    item.Rows = item.Columns = 4
    item.PixelData = planter.value("OB")
    item["PixelData"].VR = "OB"
    item.ImageComments = planter.value("LT")
    return item


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
    assert len(planter.planted) > 600
    assert len(survivors(data, planter.planted)) == len(planter.planted)
    assert survivors(deidentify(data, SECRET), planter.planted) == []


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless])
def test_nothing_planted_after_the_pixels_survives(syntax):
    ds = dataset(film())
    if syntax == JPEGLSLossless:
        ds.compress(syntax, generate_instance_uid=False)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.DataSetTrailingPadding = b"CANARY-TRAIL"
    ds.DigitalSignaturesSequence = Sequence([icon(Planter())])
    file = BytesIO()
    ds.save_as(file, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True, enforce_file_format=True)
    data = file.getvalue() + b"CANARY-TAIL"
    assert data.count(b"CANARY") >= 3
    assert b"CANARY" not in deidentify(data, SECRET)


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


def test_files_of_a_study_stay_one_study_and_dates_stay_apart_as_they_were():
    same = {"PatientID": "4711", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1", "StudyDate": "20240301"}
    first, second, later, other = (
        reread(deidentify(dicom(film(rows=rows), **{**same, "SOPInstanceUID": f"1.2.3.1.{rows}", **more}), SECRET))
        for rows, more in (
            (80, {}), (90, {}), (100, {"StudyInstanceUID": "1.2.4", "StudyDate": "20240331"}),
            (80, {"PatientID": "4712"}),
        )
    )  # fmt: skip
    assert first.StudyInstanceUID == second.StudyInstanceUID != later.StudyInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert len({first.SOPInstanceUID, second.SOPInstanceUID, later.SOPInstanceUID}) == 3
    days = [datetime.strptime(each.StudyDate, "%Y%m%d") for each in (first, second, later, other)]
    assert (days[1] - days[0]).days == 0 and (days[2] - days[0]).days == 30
    assert datetime(2014, 3, 4) <= days[0] < datetime(2024, 3, 1)
    assert days[3] != days[0]


def test_a_date_of_long_ago_stays_a_date():
    """Whoever types 1003 for 2003 gets a year of three digits, which DA has no room for (PS3.5 6.2)."""
    copy = reread(deidentify(dicom(StudyDate="10000101"), SECRET))
    assert re.fullmatch(r"0\d{7}", copy.StudyDate)
