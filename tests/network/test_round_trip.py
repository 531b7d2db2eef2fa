"""An X-ray comes by DICOM, and its answers lie in the archive, in the patient's own study."""

import pytest

from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.records import Answer, Proof
from tests import orthanc
from tests.network.hospital import answer_to, founded, running

pytestmark = pytest.mark.alone


@pytest.fixture
def hospital(tmp_path):
    (tmp_path / "archive").mkdir()
    with orthanc.running(tmp_path / "archive") as archive:
        yield founded(tmp_path, archive)


def tags(hospital):
    """What the archive says of each object that it has."""
    return [hospital.archive.rest(f"/instances/{each}/simplified-tags") for each in hospital.archive.rest("/instances")]


@pytest.mark.parametrize("proof", [Proof.QUERY, Proof.COMMITMENT])
def test_what_comes_is_answered_in_the_patients_own_study_and_that_is_proven(hospital, tmp_path, proof):
    answer_to(hospital, Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION, proof=proof)
    file = tmp_path / "film.dcm"
    file.write_bytes(phantom(2, True, machine="DEMO-SIE-1", rows=600))
    hospital.archive.upload(file.read_bytes())
    (source,) = tags(hospital)
    with running(hospital):
        assert hospital.send(file).returncode == 0
        hospital.settle_with(3)
    assert hospital.states() == {"verified": 3}
    answers = [each for each in tags(hospital) if each["SOPInstanceUID"] != source["SOPInstanceUID"]]
    assert sorted(each["Modality"] for each in answers) == ["OT", "PR", "SR"]
    for name in ("PatientID", "PatientName", "StudyInstanceUID"):
        assert {each[name] for each in answers} == {source[name]}
