"""What is written is DICOM to an independent validator, David Clunie's dciodvfy: not one error."""

import subprocess

import pytest

from cxr_core.dicom.phantoms.machines import MACHINES
from cxr_core.dicom.phantoms.phantom import demo_set
from cxr_core.dicom.reading import read
from cxr_core.dicom.stored import to_stored
from tests.debian import program
from tests.dicom.films import NAMES, dicom, film, picture

FRONTAL = {"ViewPosition": "PA", "PatientOrientation": ["L", "F"], "ImagerPixelSpacing": ["0.14", "0.14"]}
EXPOSURE = {"KVP": "66.5", "ExposureInuAs": 1234}
XRAYS = {
    "computed": lambda: dicom(),
    "computed, with all that is kept": lambda: dicom(PatientAge="004Y", PatientSex="F", **FRONTAL, **EXPOSURE),
    "digital": lambda: dicom(modality="DX", **FRONTAL, **EXPOSURE),
    "digital, negative": lambda: dicom(modality="DX", PhotometricInterpretation="MONOCHROME1", **FRONTAL),
    "signed": lambda: dicom(film(bits=12, signed=True), 12),
    "captured": lambda: picture(film(bits=16), "PNG"),
    "captured, lossy": lambda: picture(film(bits=8), "JPEG"),
}  # fmt: skip


def errors(data, folder):
    """The validator's errors; its warnings ask for dates and ids that de-identification takes away."""
    (folder / "a.dcm").write_bytes(data)
    done = subprocess.run(
        [program("dciodvfy", "dicom3tools"), "-new", folder / "a.dcm"], capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    assert any("Image" in line for line in lines), "the validator said nothing"
    return [line for line in lines if line.startswith("Error")]


def stored(radiograph):
    return to_stored(radiograph, NAMES)


@pytest.mark.parametrize("number", range(len(MACHINES)))
def test_a_synthetic_study_of_each_machine_is_valid_and_stored_validly(number, tmp_path):
    data = demo_set(len(MACHINES))[number].data
    assert errors(data, tmp_path) == []
    assert errors(stored(read(data).radiograph), tmp_path) == []


@pytest.mark.parametrize("xray", XRAYS)
def test_the_stored_form_is_valid(xray, tmp_path):
    assert errors(stored(read(XRAYS[xray]()).radiograph), tmp_path) == []


@pytest.mark.parametrize("lacking", ["ImagerPixelSpacing", "PatientOrientation"])
def test_what_a_source_lacks_is_not_made_up(lacking, tmp_path):
    (error,) = errors(stored(read(dicom(modality="DX", **{**FRONTAL, lacking: None})).radiograph), tmp_path)
    assert lacking in error


def test_the_validator_finds_what_is_wrong(tmp_path):
    assert errors(dicom(modality="DX"), tmp_path) != []
