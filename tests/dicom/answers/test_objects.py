"""What every answer has: the source's patient and study, UIDs that follow from what it answers, and nothing more."""

import subprocess
import sys
import warnings
from dataclasses import replace
from io import BytesIO

import pytest
from pydicom import dcmread

from cxr_core.dicom.answers.envelope import raw_value
from cxr_core.dicom.answers.kept import PATIENT, STUDY
from tests.dicom.answers.material import (
    GREEK,
    JAPANESE,
    MAKERS,
    ODD,
    OPINION,
    REFUSED,
    WHO,
    enveloped,
    received,
    sent,
)
from tests.dicom.films import to_bytes

every_kind = pytest.mark.parametrize("kind", MAKERS)
UIDS = ("SOPInstanceUID", "SeriesInstanceUID")


def made(kind, data=None, **changes):
    finding = replace(REFUSED if kind == "not analysed" else OPINION, **changes)
    return dcmread(BytesIO(MAKERS[kind](enveloped(data), finding)))


def uids(ds):
    return [ds[keyword].value for keyword in UIDS]


@every_kind
@pytest.mark.parametrize("odd", ODD)
def test_patient_and_study_are_the_sources_byte_by_byte(kind, odd):
    source = enveloped(received(**ODD[odd])).source
    answer = made(kind, received(**ODD[odd]))
    for keyword in (*PATIENT, *STUDY):
        if not keyword.endswith("Sequence"):
            assert raw_value(answer, keyword) == raw_value(source, keyword), keyword


@every_kind
@pytest.mark.parametrize("odd", ["Greek", "Japanese", "in UTF-8"])
def test_names_mean_what_they_meant(kind, odd):
    name = {"Greek": GREEK, "Japanese": JAPANESE, "in UTF-8": f"{GREEK}^李"}[odd]
    assert made(kind, received(**ODD[odd])).PatientName == name


@every_kind
def test_issuers_go_back(kind):
    answer = made(kind, received(**ODD["with issuers and requests"]))
    assert answer.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == "1.2.3"
    assert answer.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"


@every_kind
def test_the_same_finding_is_the_same_bytes(kind):
    assert MAKERS[kind](enveloped()) == MAKERS[kind](enveloped())


@every_kind
@pytest.mark.parametrize(
    "change",
    [
        {"made_at": "2027-01-01T00:00:00+00:00"}, {"program": "9.9"}, {"threshold": 0.1}, {"predecessor": "cd" * 32},
        {"model": "renamed"}, {"image_id": "f" * 64},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_uids_follow_from_nothing_but_source_version_and_kind(kind, change):
    assert uids(made(kind, **change)) == uids(made(kind))


@every_kind
@pytest.mark.parametrize("change", [{"weights_sha256": "cd" * 32}, {"key": b"the secret of another site ....."}])
def test_another_version_or_another_site_gives_other_uids(kind, change):
    assert not set(uids(made(kind, **change))) & set(uids(made(kind)))


@every_kind
def test_another_image_of_the_study_gives_another_object_of_the_same_series(kind):
    other = made(kind, received(SOPInstanceUID="1.2.826.0.1.3680043.8.498.1.1.2"))
    instance, series = uids(made(kind))
    assert (other.SOPInstanceUID != instance, other.SeriesInstanceUID == series) == (True, True)


def test_kinds_differ_and_a_refusal_is_a_report():
    found = {kind: uids(made(kind)) for kind in MAKERS}
    assert found["report"] == found.pop("not analysed")
    both = [uid for pair in found.values() for uid in pair]
    assert len(set(both)) == len(both)


@every_kind
def test_a_device_uid_belongs_to_a_version_whatever_the_image(kind):
    def device(**changes):
        return made(kind, **changes).ContributingEquipmentSequence[-1].DeviceUID

    other = made(kind, received(SOPInstanceUID="1.2.3.4")).ContributingEquipmentSequence[-1].DeviceUID
    assert device() == other
    assert device() != device(weights_sha256="cd" * 32)


@every_kind
def test_all_times_are_those_of_what_is_said(kind):
    answer = made(kind)
    day = "20260302" if kind == "assessment" else "20260301"
    assert answer.InstanceCreationDate == day
    dates = {
        str(element.value) for element in answer.iterall() if element.VR == "DA" and element.value != WHO["StudyDate"]
    }
    assert dates <= {day, WHO["PatientBirthDate"]}


CANARIES = {
    "PatientAddress": "CANARY1", "PatientTelephoneNumbers": "CANARY2", "PatientComments": "CANARY3",
    "OperatorsName": "CANARY4", "InstitutionName": "CANARY5", "OtherPatientIDs": "CANARY6", "EthnicGroup": "CANARY7",
    "AdditionalPatientHistory": "CANARY8", "RequestingPhysician": "CANARY9", "ImageComments": "CANARY10",
    "ProtocolName": "CANARY11", "SeriesDescription": "CANARY12", "OtherPatientNames": "CANARY13",
}  # fmt: skip


@every_kind
def test_nothing_else_of_the_source_comes_into_an_answer(kind):
    ds = sent(**CANARIES)
    ds.private_block(0x0099, "CANARY maker", create=True).add_new(1, "LO", "CANARY private")
    data = to_bytes(ds)
    assert data.count(b"CANARY") == len(CANARIES) + 2
    assert b"CANARY" not in MAKERS[kind](enveloped(data))


@every_kind
def test_nothing_is_decoded_on_the_way(kind, caplog):
    """A decoder would put values that it can't read into a warning, and so into a log."""
    data = received(PatientName="M?ller^J", PatientID="a" * 60).replace(b"M?ller", b"M\xfcller")
    with warnings.catch_warnings(action="error"):
        answer = MAKERS[kind](enveloped(data))
    assert b"M\xfcller^J" in answer
    assert caplog.text == ""


def test_a_process_that_only_encloses_does_not_load_highdicom():
    asked = "import sys, cxr_core.dicom.answers.envelope as _; print('highdicom' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
