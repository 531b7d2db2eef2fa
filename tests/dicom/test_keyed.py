"""Keyed names: stable wherever the secret is, telling nothing without it, and intervals stay true."""

from datetime import date, timedelta

import pytest

from cxr_core.dicom.deidentify import deidentify
from cxr_core.dicom.keyed import names_of
from cxr_core.dicom.pseudonym import MOST_DAYS, shifted
from cxr_core.dicom.reading import Identity
from tests.dicom.films import dicom, reread

SECRET = b"a secret of the test, 32 bytes.."
IDENTITY = Identity("\\4711", study="1.2.3", series="1.2.3.4", instance="1.2.3.4.5", studied_on=date(2026, 3, 4))
IMAGE = "0" * 64


def test_names_are_the_same_everywhere_and_others_with_another_secret():
    assert names_of(SECRET, IDENTITY, IMAGE) == names_of(SECRET, IDENTITY, "1" * 64)
    other = names_of(b"another secret of the test......", IDENTITY, IMAGE)
    mine = names_of(SECRET, IDENTITY, IMAGE)
    assert all(getattr(mine, name) != getattr(other, name) for name in ("patient", "study", "series", "instance"))


def test_no_name_has_in_it_what_it_stands_for():
    names = names_of(SECRET, IDENTITY, IMAGE)
    assert names.taken_on != IDENTITY.studied_on
    assert not any(told in str(vars(names)) for told in ("4711", "1.2.3", "2026-03-04"))


def test_one_without_a_patient_is_the_given_ones_or_a_patient_of_its_own():
    nobody = Identity()
    assert names_of(SECRET, nobody, IMAGE, "patient-1").patient == "patient-1"
    assert names_of(SECRET, IDENTITY, IMAGE, "patient-1").patient == names_of(SECRET, IDENTITY, IMAGE).patient
    assert names_of(SECRET, nobody, IMAGE).patient != names_of(SECRET, nobody, "1" * 64).patient


@pytest.mark.parametrize("days", [0, 1, 30, 4000])
def test_intervals_of_a_patient_stay_true(days):
    first = date(2026, 3, 4)
    assert shifted(SECRET, "p", first) - shifted(SECRET, "p", first - timedelta(days)) == timedelta(days)


def test_dates_go_back_by_what_only_the_secret_tells():
    shifts = {(date(2026, 3, 4) - shifted(SECRET, f"patient-{n}", date(2026, 3, 4))).days for n in range(300)}
    assert len(shifts) > 250 and 1 <= min(shifts) < 100 and MOST_DAYS - 100 < max(shifts) <= MOST_DAYS


def test_a_date_before_all_others_is_dropped():
    assert shifted(SECRET, "p", date.min) is None


def test_objects_of_a_study_stay_together_and_apart_from_others():
    one, two = (reread(deidentify(dicom(StudyInstanceUID="1.2.3", SOPInstanceUID=f"1.2.{n}"), SECRET)) for n in (4, 5))
    assert one.StudyInstanceUID == two.StudyInstanceUID != "1.2.3"
    assert one.SOPInstanceUID != two.SOPInstanceUID


def test_the_marks_tell_of_shifted_dates_where_there_are_some():
    dated, dateless = (reread(deidentify(dicom(StudyDate=day), SECRET)) for day in ("20260304", None))
    codes = [[item.CodeValue for item in ds.DeidentificationMethodCodeSequence] for ds in (dated, dateless)]
    assert codes == [["113100", "113101", "113108", "113107"], ["113100", "113101", "113108"]]
    assert (dated.LongitudinalTemporalInformationModified, dateless.LongitudinalTemporalInformationModified) == (
        "MODIFIED", "REMOVED",
    )  # fmt: skip
    assert dateless.StudyDate == ""
