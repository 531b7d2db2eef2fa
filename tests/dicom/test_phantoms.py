"""Synthetic X-rays: honest DICOM, the same bytes everywhere, and a thorax that shows what it is said to show."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from cxr_core.dicom.phantoms.lettering import lettered
from cxr_core.dicom.phantoms.machines import MACHINES, NEWCOMER, store
from cxr_core.dicom.phantoms.phantom import Phantom, demo_set, newcomer_set, phantom, picture
from cxr_core.dicom.phantoms.study_header import header
from cxr_core.dicom.phantoms.thorax import anatomy_of
from cxr_core.dicom.reading import read
from cxr_core.errors import BadInput
from cxr_core.records import Radiograph

SYNTAXES = {ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless}
DX_TYPE_1 = (
    "PresentationIntentType", "ImageType", "ImageLaterality", "AnatomicRegionSequence", "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign", "RescaleIntercept", "RescaleSlope", "RescaleType", "PresentationLUTShape",
    "LossyImageCompression", "BurnedInAnnotation", "DetectorType", "ImagerPixelSpacing", "ViewCodeSequence",
    "PatientOrientationCodeSequence", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
)  # fmt: skip
"""Attributes that a DX for presentation must have, with a value (PS3.3 A.26 and the modules it names)."""
KNOWN_BYTES = {
    (1, False): "436a85a718a5990739772077dbb5d2e71c91fe3adcb80dc3f6dd88ef8b692f73",
    (2, False): "d3a6bac594c71ba85c84482fb0ced7a0a06c5a65238e90f64de2d0e0b51f7114",
    (3, True): "06c135b34a6be77c78258dc32445366ba472d74245b7c73c5c062c0d62352a0a",
    (4, True): "bf10b7f870a3549aaded67df179d1ba2dc64d46af885fb9c5295b25fac04f9d9",
    (9, True): "ed9471d64de5dede2289edd3e36da0ab40ef3c50f5dc55ef5a0127e4da9ebe21",
    (20, False, "DEMO-NEW-1"): "3e5558374cefd6d5c8029ed2eb313302a8193d342897361ddced9e1f0af028ef",
}
"""SHA-256 of whole files: a JPEG-LS, a JPEG 2000, an RLE, an implicit and two explicit ones."""
HASHES = """
import hashlib
from cxr_core.dicom.phantoms.phantom import phantom
print(hashlib.sha256(phantom(3, True)).hexdigest())
"""


@dataclass(frozen=True)
class Study:
    """A phantom, its header and pixels by pydicom, and what this program's reader makes of it."""

    phantom: Phantom
    data: bytes
    ds: object
    radiograph: Radiograph


@pytest.fixture(scope="module")
def studies():
    """One study of each machine."""
    made = []
    for wanted in demo_set(len(MACHINES)):
        data = wanted.data
        made.append(Study(wanted, data, dcmread(BytesIO(data)), read(data).radiograph))
    return made


@pytest.fixture(scope="module")
def healthy():
    """By number, how the reader shows a child without opacities on each machine."""
    return {number: shown(phantom(number, False)) for number in range(1, len(MACHINES) + 1)}


def shown(data):
    radiograph = read(data).radiograph
    return radiograph.tone(radiograph.pixels)


def lungs(grey):
    """The parts of a picture that are lung in every phantom, left and right."""
    rows, columns = grey.shape
    band = grey[int(rows * 0.38) : int(rows * 0.62)]
    return np.append(
        band[:, int(columns * 0.24) : int(columns * 0.36)], band[:, int(columns * 0.66) : int(columns * 0.78)]
    )


@pytest.mark.parametrize("which", KNOWN_BYTES)
def test_the_bytes_are_the_same_as_when_this_test_was_written(which):
    assert hashlib.sha256(phantom(*which)).hexdigest() == KNOWN_BYTES[which]


def test_the_bytes_do_not_depend_on_the_processors_vector_instructions():
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    plain = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(found)}
    run = subprocess.run([sys.executable, "-c", HASHES], env=plain, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(phantom(3, True)).hexdigest()


def test_every_machine_stores_losslessly_what_it_made(studies):
    for study, machine in zip(studies, [MACHINES[s.phantom.number % len(MACHINES)] for s in studies], strict=True):
        number, opacity = study.phantom.number, study.phantom.opacity
        expected = header(number, opacity, anatomy_of(number).age, machine)
        store(expected, picture(number, opacity, anatomy_of(number), machine), machine)
        kind = ("i" if machine.signed else "u") + ("1" if machine.bits == 8 else "2")
        pixels = np.frombuffer(expected.PixelData, "<" + kind).reshape(study.ds.pixel_array.shape)
        assert np.array_equal(study.ds.pixel_array, pixels)
        assert np.array_equal(study.radiograph.pixels, pixels)


def test_the_machines_cover_syntaxes_photometrics_depths_and_displays(studies):
    headers = [study.ds for study in studies]
    assert {ds.file_meta.TransferSyntaxUID for ds in headers} == SYNTAXES
    assert {ds.PhotometricInterpretation for ds in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert {ds.BitsStored for ds in headers} == {8, 10, 12, 14, 16}
    assert {ds.PixelRepresentation for ds in headers} == {0, 1}
    assert {ds.get("VOILUTFunction", "LINEAR") for ds in headers} == {"LINEAR", "LINEAR_EXACT", "SIGMOID"}
    assert any("VOILUTSequence" in ds for ds in headers)
    assert any("VOILUTSequence" not in ds and "WindowWidth" not in ds for ds in headers)
    assert {ds.ViewPosition for ds in headers} == {"AP", "PA"}
    assert len({(ds.Rows, ds.Columns) for ds in headers}) >= 8


def test_a_digital_xray_has_what_the_standard_requires(studies):
    digital = [study.ds for study in studies if study.ds.Modality == "DX"]
    assert len(digital) > len(studies) / 2
    for ds in digital:
        assert [keyword for keyword in DX_TYPE_1 if ds.get(keyword) in (None, "", [])] == []
        assert ds.PixelRepresentation == 0 and (ds.RescaleIntercept, ds.RescaleSlope) == (0, 1)
        assert "WindowCenter" in ds or "VOILUTSequence" in ds
        assert ds.PixelIntensityRelationshipSign == (-1 if ds.PhotometricInterpretation == "MONOCHROME2" else 1)


def test_the_header_says_synthetic_and_names_nobody(studies):
    for study in studies:
        assert study.radiograph.synthetic
        assert study.ds.PatientID == f"SYNTHETIC-{study.phantom.number:04d}"
        names = [str(element.value) for element in study.ds.iterall() if element.VR == "PN"]
        assert all(name == "" or name.startswith("SYNTHETIC^") for name in names)
        assert not any(element.tag.is_private for element in study.ds.iterall())
        uids = [str(study.ds[keyword].value) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]
        assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)


def test_the_word_synthetic_stands_in_the_lower_left_corner():
    machine = MACHINES[1]
    grey = picture(1, False, anatomy_of(1), machine)
    scale = machine.rows // 480
    dots = lettered("SYNTHETIC", scale)
    top = machine.rows - 11 * scale
    assert (grey[top : top + dots.shape[0], 4 * scale : 4 * scale + dots.shape[1]][dots] == 42000).all()


def test_children_are_one_to_five_and_born_when_their_age_says():
    ages = set()
    for number in range(60):
        ds = header(number, False, anatomy_of(number).age, MACHINES[0])
        taken, born = (date.fromisoformat(value) for value in (ds.StudyDate, ds.PatientBirthDate))
        age = taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))
        assert ds.PatientAge == f"{age:03d}Y"
        ages.add(age)
    assert ages == {1, 2, 3, 4, 5}


def test_numbers_and_opacities_give_different_pictures_and_identifiers(studies):
    made = [
        phantom(4, False),
        phantom(4, True),
        phantom(13, False),
        *(study.data for study in studies if study.phantom.number != 4),
    ]
    assert len({read(data).radiograph.pixels.tobytes() for data in made}) == len(made)
    assert len({dcmread(BytesIO(data), stop_before_pixels=True).SOPInstanceUID for data in made}) == len(made)


@pytest.mark.parametrize("number", range(1, len(MACHINES) + 1))
def test_an_opacity_makes_the_lungs_brighter_and_leaves_the_rest_alone(healthy, number):
    ill = shown(phantom(number, True))
    assert lungs(ill).mean() > lungs(healthy[number]).mean() + 0.05
    outside = slice(0, ill.shape[0] // 12)
    assert abs(ill[outside].mean() - healthy[number][outside].mean()) < 0.01


def test_the_exposure_is_that_of_a_child_and_the_newcomers_is_another(studies):
    for study in studies:
        assert 60 <= study.radiograph.kvp <= 75 and 1 <= study.radiograph.exposure_mas <= 3
    for number in range(20):
        ds = header(number, False, 3, NEWCOMER)
        assert 83 <= ds.KVP <= 87 and 640 <= ds.ExposureInuAs <= 1000
    assert len({header(number, False, 3, NEWCOMER).ExposureInuAs for number in range(20)}) > 10


def test_lungs_are_darker_than_the_heart_and_the_abdomen(healthy):
    for grey in healthy.values():
        rows, columns = grey.shape
        heart = grey[int(rows * 0.45) : int(rows * 0.6), int(columns * 0.48) : int(columns * 0.54)]
        abdomen = grey[int(rows * 0.9) : int(rows * 0.95), int(columns * 0.3) : int(columns * 0.7)]
        assert lungs(grey).mean() + 0.15 < heart.mean()
        assert lungs(grey).mean() + 0.1 < abdomen.mean()


def test_the_demo_has_a_few_dozen_studies_with_both_findings_on_most_machines():
    demo = demo_set()
    assert len(demo) == 36 and 0.35 < sum(study.opacity for study in demo) / len(demo) < 0.55
    by_machine = [{s.opacity for s in demo if s.number % len(MACHINES) == index} for index in range(len(MACHINES))]
    assert sum(len(findings) == 2 for findings in by_machine) >= 7


def test_the_newcomer_shows_flatter_pictures_than_the_others(healthy):
    newcomer = newcomer_set(2)
    assert {dcmread(BytesIO(study.data), stop_before_pixels=True).StationName for study in newcomer} == {NEWCOMER.name}
    usual = np.median([np.subtract(*np.percentile(grey, (75, 25))) for grey in healthy.values()])
    flat = shown(phantom(4, False, NEWCOMER.name))
    assert np.subtract(*np.percentile(flat, (75, 25))) < 0.8 * usual


def test_a_number_or_machine_that_does_not_exist_is_refused_in_plain_words():
    with pytest.raises(BadInput, match="from 0 to 9999"):
        phantom(10000, False)
    with pytest.raises(BadInput, match="from 0 to 9999"):
        phantom(-1, True)
    with pytest.raises(BadInput, match="say one of DEMO-SIE-1"):
        phantom(1, False, "DEMO-NONE")
