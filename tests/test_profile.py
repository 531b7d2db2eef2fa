"""De-identification does what DICOM's Basic Profile asks of each attribute, but for options that a copy declares."""

import re

import pytest

from cxr_core.dicom.deidentify import deidentify
from tests.dicom.films import reread, to_bytes
from tools import profile

ALLOWED = {"PatientAge": {profile.GENERALISED}, "PatientSex": {profile.KEPT}, "StudyDate": {profile.SHIFTED}}
"""By Retain Patient Characteristics (113108), and by Retain Longitudinal ... Modified Dates (113107)."""
PSEUDONYMS = {"PatientID", "DeviceSerialNumber"}
UIDS = {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "MediaStorageSOPInstanceUID"}
SECRET = b"a secret of the test"


def became(keyword):
    return {what for each in profile.attributes() if each.keyword == keyword for what in profile.became(each)}


def test_the_table_is_whole():
    tags = [each.tag for each in profile.attributes()]
    assert len(tags) == len(set(tags)) == 656
    assert all(re.fullmatch(r"[XZDU](/[ZDU]\*?)*", each.action) for each in profile.attributes())


def test_nothing_keeps_its_value_but_what_a_copy_declares():
    harmless = {profile.REMOVED, profile.EMPTIED, profile.NO_FILE}
    kept = {
        each.keyword: set(profile.became(each))
        for each in profile.attributes()
        if not set(profile.became(each)) <= harmless
    }
    for keyword, what in ALLOWED.items():
        assert kept.pop(keyword) == what
    assert {kept.pop(keyword) == {profile.KEYED} for keyword in PSEUDONYMS} == {True}
    assert {kept.pop(keyword) == {profile.KEYED_UID} for keyword in UIDS} == {True}
    assert kept == {}


def test_the_options_are_declared():
    for modality in ("CR", "DX", "OT"):
        copy = reread(deidentify(profile.original(modality, 0), SECRET))
        codes = [item.CodeValue for item in copy.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113101", "113108", "113107"]
        assert (copy.PatientIdentityRemoved, copy.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")


def test_without_a_date_none_is_declared():
    ds = reread(profile.original("CR", 0))
    del ds.StudyDate
    copy = reread(deidentify(to_bytes(ds), SECRET))
    assert [item.CodeValue for item in copy.DeidentificationMethodCodeSequence] == ["113100", "113101", "113108"]
    assert copy.LongitudinalTemporalInformationModified == "REMOVED"


@pytest.mark.parametrize("modality", ["CR", "DX", "OT"])
@pytest.mark.parametrize("which", [0, 1])
def test_no_value_that_was_planted_is_anywhere_in_a_copy(modality, which):
    planted = [b"CANARY", (b"771", b"882")[which]]
    data = profile.original(modality, which)
    copy = deidentify(data, SECRET)
    assert all(data.count(each) > 300 for each in planted)
    assert not any(each in copy for each in planted)


def test_the_probe_tells_what_is_kept_from_what_is_not(monkeypatch):
    """Where nothing is changed all is kept: the table can say so."""
    monkeypatch.setattr(profile, "deidentify", lambda data, secret: data)
    profile._copy.cache_clear()
    profile.became.cache_clear()
    try:
        assert became("PatientName") == became("StudyDate") == became("InstitutionName") == {profile.KEPT}
    finally:
        profile._copy.cache_clear()
        profile.became.cache_clear()
