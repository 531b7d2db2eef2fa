"""What goes back is DICOM to an independent validator, David Clunie's dciodvfy, whatever the X-ray's header is like."""

from itertools import product

import pytest

from cxr_core.dicom.answers.checking import check
from tests.dicom.answers.material import MAKERS, NORMAL, ODD, SOURCES, UNCERTAIN, enveloped, errors, received


@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize(("kind", "photometric"), list(product(SOURCES, ("MONOCHROME1", "MONOCHROME2"))))
def test_every_object_to_every_kind_of_source_is_valid(made, kind, photometric, tmp_path):
    envelope = enveloped(received(kind, photometric))
    assert errors(MAKERS[made](envelope), tmp_path) == []


@pytest.mark.parametrize("made", MAKERS)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("kind", ["CR", "DX"])
def test_every_object_to_an_odd_header_is_valid_and_passes_its_check(made, odd, kind, tmp_path):
    envelope = enveloped(received(kind, **ODD[odd]))
    answer = MAKERS[made](envelope)
    assert errors(answer, tmp_path) == []
    check(answer, envelope)


@pytest.mark.parametrize("finding", [NORMAL, UNCERTAIN])
@pytest.mark.parametrize("made", ["picture", "report", "assessment"])
def test_every_answer_is_valid(made, finding, tmp_path):
    assert errors(MAKERS[made](enveloped(), finding), tmp_path) == []


def test_the_validator_finds_what_is_wrong(tmp_path):
    assert errors(received("DX", PatientOrientation=None, ImagerPixelSpacing=None), tmp_path) != []


@pytest.mark.parametrize("made", MAKERS)
def test_a_name_that_does_not_keep_to_its_character_set_is_the_only_error_that_goes_back(made, tmp_path):
    """The archive knows the patient by these bytes: another name would be another patient."""
    data = received(PatientName="M?ller^J").replace(b"M?ller", b"M\xfcller")
    (error,) = errors(MAKERS[made](enveloped(data)), tmp_path)
    assert "PatientName" in error
