"""What is read from the header, and what is passed over in silence."""

import pytest
from pydicom.dataset import Dataset

from cxr_core.dicom.reading import read
from tests.dicom.films import dataset, dicom, film, to_bytes


def xray(**header):
    return read(dicom(**header)).radiograph


@pytest.mark.parametrize(
    ("written", "view"),
    [
        ("PA", "PA"), ("AP", "AP"), ("LL", "LL"), ("RL", "RL"), ("LATERAL", "LATERAL"), ("LAT", "LATERAL"),
        ("AP SUPINE", "AP"), ("LLD", "LLD"), ("OBLIQUE", "OBLIQUE"), ("DOE", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_view(written, view):
    assert xray(ViewPosition=written).view == view


@pytest.mark.parametrize(("code", "view"), [("399173006", "LL"), ("272479007", "PA"), ("R-10206", "AP"), ("1", None)])
def test_the_view_by_code(code, view):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "view"
    assert xray(ViewCodeSequence=[item]).view == view
    assert xray(ViewCodeSequence=[item], ViewPosition="AP").view == "AP"


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("CHEST", "CHEST"), ("THORAX", "CHEST"), ("TORACE", "CHEST"), ("PORT CHEST", "CHEST"),
        ("CHESTABDOMEN", "CHEST"), ("KNEE", "KNEE"), ("L SPINE", "LSPINE"), ("HAND LEFT", "HAND"),
        ("THORACIC SPINE", "THORACICSPINE"), ("DOE JANE", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_part_of_the_body(written, part):
    assert xray(BodyPartExamined=written).body_part == part


@pytest.mark.parametrize(
    ("meaning", "part"), [("Knee", "KNEE"), ("Structure of thorax", "CHEST"), ("Chest", "CHEST"), ("Doe", None)]
)
def test_the_part_of_the_body_by_its_region(meaning, part):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "SCT", meaning
    assert xray(BodyPartExamined=None, AnatomicRegionSequence=[item]).body_part == part
    assert xray(BodyPartExamined="HAND", AnatomicRegionSequence=[item]).body_part == "HAND"


@pytest.mark.parametrize(
    ("written", "years"),
    [("004Y", 4), ("018M", 1), ("011M", 0), ("104W", 1), ("366D", 1), ("000Y", 0), ("089Y", 89), ("103Y", 90)],
)
def test_the_age(written, years):
    assert xray(PatientAge=written).age_years == years


@pytest.mark.parametrize(
    ("born", "studied", "years"),
    [
        ("20200510", "20240509", 3), ("20200510", "20240510", 4), ("19000101", "20240101", 90),
        ("20240510", "20240101", None), ("20200510", None, None),
    ],
)  # fmt: skip
def test_the_age_by_dates(born, studied, years):
    assert xray(PatientBirthDate=born, StudyDate=studied).age_years == years


@pytest.mark.parametrize("wrong", [b"4 Yr", b"Y004", b"-04Y", b"    ", b"\xff\xfe00", b"0\\4Y"])
def test_an_age_that_is_none_reads_as_absent(wrong):
    assert read(dicom(PatientAge="004Y").replace(b"004Y", wrong)).radiograph.age_years is None


def test_dates_that_are_none_read_as_absent():
    data = dicom(PatientBirthDate="20200510", StudyDate="20240510")
    for wrong in (b"20201350", b"2020-5-1", b"yesterda"):
        assert read(data.replace(b"20200510", wrong)).radiograph.age_years is None


@pytest.mark.parametrize(("written", "sex"), [("M", "M"), ("f", "F"), ("O", "O"), ("U", None), ("", None)])
def test_the_sex(written, sex):
    data = dicom(PatientSex="M").replace(b"CS\x02\x00M ", b"CS\x02\x00" + written.encode().ljust(2))
    assert read(data).radiograph.sex == sex


@pytest.mark.parametrize(
    ("written", "maker"),
    [
        ("SIEMENS", "Siemens"), ("Siemens Healthineers", "Siemens"), ("GE Healthcare", "GE"), ('"GE MEDICAL"', "GE"),
        ("FUJI PHOTO FILM Co., ltd.", "Fujifilm"), ("FUJIFILM Corporation", "Fujifilm"),
        ("KONICA MINOLTA", "Konica Minolta"), ("Dr. Doe's Garage", "Other"), ("GEORGE", "Other"), ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_the_maker_is_one_of_a_list(written, maker):
    assert xray(Manufacturer=written).manufacturer == maker


@pytest.mark.parametrize(
    ("written", "orientation"),
    [(["L", "F"], ("L", "F")), (["PR", "FL"], ("PR", "FL")), (["L"], None), (["SMITH", "F"], None), (None, None)],
)
def test_the_orientation(written, orientation):
    assert xray(PatientOrientation=written).orientation == orientation


def test_the_spacing():
    assert xray(ImagerPixelSpacing=["0.143", "0.144"], PixelSpacing=["0.1", "0.1"]).pixel_spacing == (0.143, 0.144)
    assert xray(PixelSpacing=["0.1", "0.2"]).pixel_spacing == (0.1, 0.2)
    assert xray(PixelSpacing=["0.14300000667572", "0.1"]).pixel_spacing == (0.143, 0.1)
    assert xray(PixelSpacing=["0", "0"]).pixel_spacing is None
    assert xray().pixel_spacing is None


def test_numbers_that_are_none_read_as_absent():
    data = to_bytes(dataset(film(), PixelSpacing=["0.125", "0.125"]))
    for wrong in (b"wide\\", b"nan  \\"[:5] + b"\\", b"inf\\0"):
        broken = data.replace(b"0.125\\", wrong.ljust(6)[:6], 1)
        assert read(broken).radiograph.pixel_spacing is None


@pytest.mark.parametrize(
    ("written", "kilovolts"),
    [
        ("66", 66.0), ("66.50", 66.5), ("10", 10.0), ("200", 200.0), ("120.0448", 120.0), ("70.123", 70.12),
        ("9.9", None), ("201", None), ("66000", None), ("0", None), ("-66", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_tubes_voltage(written, kilovolts):
    assert xray(KVP=written).kvp == kilovolts


@pytest.mark.parametrize("wrong", [b"66 kV ", b"sixty ", b"nan   ", b"1e9999", b"\xff\xfe\0\0  "])
def test_a_voltage_that_is_none_reads_as_absent(wrong):
    assert read(dicom(KVP="66.125").replace(b"66.125", wrong)).radiograph.kvp is None


@pytest.mark.parametrize(
    ("written", "exposure"),
    [
        ({"ExposureInuAs": 1250}, 1.25),
        ({"ExposureInuAs": 1250, "Exposure": 1, "ExposureTime": 5, "XRayTubeCurrent": 300}, 1.25),
        ({"Exposure": 2, "ExposureTime": 5, "XRayTubeCurrent": 300}, 2.0),
        ({"ExposureTime": 5, "XRayTubeCurrent": 300}, 1.5),
        ({"ExposureTimeInuS": "5250", "ExposureTime": 5, "XRayTubeCurrent": 300}, 1.575),
        ({"ExposureTimeInuS": "5000", "XRayTubeCurrentInuA": "320600", "XRayTubeCurrent": 320}, 1.603),
        ({"ExposureInuAs": 123456}, 123.5),
        ({"ExposureInuAs": 1}, 0.001),
        ({"Exposure": 2000}, 2000.0),
        ({"Exposure": 2001}, None),
        ({"ExposureInuAs": 0, "Exposure": 0, "ExposureTime": 5, "XRayTubeCurrent": 300}, 1.5),
        ({"ExposureInuAs": 2000001000, "Exposure": 3}, 3.0),
        ({"ExposureTime": -5, "XRayTubeCurrent": -300}, None),
        ({"ExposureTime": 5}, None),
        ({"XRayTubeCurrent": 300}, None),
        ({}, None),
    ],
)
def test_the_exposure(written, exposure):
    assert xray(**written).exposure_mas == exposure


@pytest.mark.parametrize("wrong", [b"12 mAs", b"high  ", b"inf   ", b"12\\x  "])
def test_an_exposure_that_is_none_reads_as_absent(wrong):
    assert read(dicom(ExposureInuAs=123456).replace(b"123456", wrong)).radiograph.exposure_mas is None
