"""The stored form: what goes in comes out, nothing else does, and it is the same to the byte."""

import hashlib
from dataclasses import fields, replace

import gdcm
import numpy as np
import pytest
from pydicom.pixels import apply_voi_lut
from pydicom.uid import (
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from cxr_core.dicom import marks
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import from_stored, image_id, to_stored
from cxr_core.dicom.tone import quantised
from cxr_core.errors import IntegrityError
from cxr_core.records import Radiograph
from tests.dicom.films import NAMES, compressed, dataset, dicom, film, gdcm_compressed, picture, reread

DEPTHS = [(8, False), (8, True), (10, False), (12, False), (12, True), (14, True), (16, False), (16, True)]
HEADERS = {
    "plain": {},
    "negative": {"PhotometricInterpretation": "MONOCHROME1"},
    "window": {"WindowCenter": "700", "WindowWidth": "900", "VOILUTFunction": "SIGMOID"},
    "rescale": {"RescaleSlope": "-0.5", "RescaleIntercept": "7", "WindowCenter": "1", "WindowWidth": "99"},
    "digital": {"modality": "DX", "ViewPosition": "PA", "ImagerPixelSpacing": ["0.14", "0.1432"]},
    "negative digital": {"modality": "DX", "PhotometricInterpretation": "MONOCHROME1"},
    "orientation": {"modality": "DX", "PatientOrientation": ["R", "FL"]},
    "patient": {"PatientAge": "004Y", "PatientSex": "F", "Manufacturer": "SIEMENS", "ViewPosition": "LAT"},
    "exposure": {"KVP": "66.5", "ExposureInuAs": 1234},
    "exposure in other units": {"modality": "DX", "KVP": "120.04", "ExposureTime": 7, "XRayTubeCurrentInuA": "3141.6"},
    "lossy": {"LossyImageCompression": "01", "Modality": "OT", "SOPClassUID": SecondaryCaptureImageStorage},
    "hand": {"modality": "DX", "BodyPartExamined": "HAND"},
    "part unknown": {"modality": "DX", "BodyPartExamined": None},
    "demo": {"QualityControlImage": "YES", "PatientID": "SYNTHETIC-3"},
}


def stored(radiograph):
    return to_stored(radiograph, NAMES)


def assert_same(one, other):
    for field in fields(Radiograph):
        if field.name not in ("pixels", "tone"):
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert np.array_equal(one.pixels, other.pixels) and one.pixels.dtype == other.pixels.dtype
    assert np.array_equal(one.tone.table, other.tone.table) and one.tone.lowest == other.tone.lowest


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
def test_the_round_trip_changes_nothing(bits, signed, header):
    radiograph = read(dicom(film(bits=bits, signed=signed), bits, **HEADERS[header])).radiograph
    assert_same(from_stored(stored(radiograph)), radiograph)


@pytest.mark.parametrize(("kind", "bits"), [("PNG", 8), ("PNG", 16), ("JPEG", 8)])
def test_pictures_become_secondary_capture_and_stay_what_they_were(kind, bits):
    radiograph = read(picture(film(bits=bits), kind)).radiograph
    data = stored(radiograph)
    assert reread(data).SOPClassUID == SecondaryCaptureImageStorage
    assert from_stored(data).source == kind.lower()
    assert_same(from_stored(data), radiograph)


def test_the_same_xray_gives_the_same_bytes_on_every_machine():
    pixels = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80) % 4096
    tone = quantised(np.linspace(0, 1, 4096), 0)
    known = {
        "modality": "CR",
        "body_part": "CHEST",
        "view": "AP",
        "age_years": 3,
        "photometric": "MONOCHROME2",
        "bits": 12,
        "kvp": 66.5,
        "exposure_mas": 1.234,
    }
    radiograph = Radiograph(pixels, tone, "dicom", **known)
    assert image_id(radiograph) == "1ffd896265287e6c3db937feca7a5a3019aa970b13b6e549a968feac2c6f934f"
    assert stored(radiograph) == stored(replace(radiograph, pixels=pixels.copy()))
    digest = hashlib.sha256(stored(radiograph)).hexdigest()
    assert digest == "d7873a87ea57c40e365beed5d8e18d657e06a7dcbc4b9d8673a54d5e4f1181b3"


def test_another_program_shows_what_the_tone_shows():
    for header in ({"WindowCenter": "2000", "WindowWidth": "900"}, {"PhotometricInterpretation": "MONOCHROME1"}):
        radiograph = read(dicom(**header)).radiograph
        ds = reread(stored(radiograph))
        shown = apply_voi_lut(ds.pixel_array, ds) / 65535
        shown = 1 - shown if ds.PhotometricInterpretation == "MONOCHROME1" else shown
        assert np.allclose(shown, radiograph.tone(radiograph.pixels), atol=1e-6)


def test_the_marks_of_deidentification_are_there():
    ds = reread(stored(read(dicom(PatientAge="004Y")).radiograph))
    assert (ds.PatientIdentityRemoved, ds.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113101", "113108", "113107"]
    assert (ds.PatientID, ds.DeviceSerialNumber, ds.ManufacturerModelName, ds.PatientAge) == (
        "patient-0123456789abcdef0123", "device-01234567", "equipment-01234567", "004Y",
    )  # fmt: skip
    assert ds.file_meta.ImplementationClassUID == marks.IMPLEMENTATION_CLASS_UID
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.preamble == bytes(128)
    dated = [element.keyword for element in ds.iterall() if element.VR in ("DA", "TM", "DT") and element.value]
    assert dated == ["StudyDate"] and ds.StudyDate == "20140506"
    assert not any(element.tag.is_private for element in ds.iterall())


def test_what_is_not_known_of_machine_and_exposure_is_not_written():
    radiograph = read(picture(film(bits=8))).radiograph
    ds = reread(to_stored(radiograph, replace(NAMES, device=None, equipment=None)))
    unknown = ("DeviceSerialNumber", "ManufacturerModelName", "KVP", "ExposureInuAs")
    assert [keyword for keyword in unknown if keyword in ds] == []


@pytest.mark.parametrize("exposure", [0.001, 0.012, 0.8, 1.234, 12.34, 123.4, 1999.0, 2000.0])
def test_every_exposure_that_is_read_is_kept_exactly(exposure):
    radiograph = read(dicom(ExposureTime=1000, XRayTubeCurrentInuA=f"{exposure * 1000:g}")).radiograph
    assert radiograph.exposure_mas == exposure
    assert from_stored(stored(radiograph)).exposure_mas == exposure


def test_the_same_image_has_one_id_in_every_packing(tmp_path):
    pixels = film()
    ids = {
        image_id(read(data).radiograph)
        for data in (
            dicom(),
            dicom(syntax=ImplicitVRLittleEndian, PatientID="OTHER", WindowCenter="5", WindowWidth="7"),
            *(compressed(dataset(pixels), syntax) for syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless)),
            gdcm_compressed(dataset(pixels), gdcm.TransferSyntax.JPEGLosslessProcess14_1, tmp_path),
            dicom(pixels | 0x8000),
            stored(read(dicom()).radiograph),
        )
    }
    assert len(ids) == 1


def test_a_png_and_a_dicom_of_the_same_picture_are_one_image():
    assert image_id(read(picture(film(bits=8))).radiograph) == image_id(read(dicom(film(bits=8))).radiograph)


def test_another_image_has_another_id():
    other = film()
    other[5, 5] += 1
    variants = [
        dicom(), dicom(other), dicom(film().T.copy()), dicom(PhotometricInterpretation="MONOCHROME1"),
        dicom(film(), 14), dicom(film()[:-1]), dicom(film(bits=12, signed=True)), dicom(film().view(np.int16), 16),
    ]  # fmt: skip
    assert len({image_id(read(data).radiograph) for data in variants}) == len(variants)


def test_damage_is_noticed():
    data = stored(read(dicom()).radiograph)
    for broken in (data[:-300], b"", b"not DICOM at all"):
        with pytest.raises(IntegrityError, match="backup"):
            from_stored(broken)
