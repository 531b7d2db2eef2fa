"""What screens ask for: files are spooled in milliseconds, and verdicts can be looked up."""

import pytest

from cxr_core.errors import BadInput, NotFound
from cxr_core.records import JobState, Status
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests, spool
from cxr_core.work.incoming.requests import BULK_FROM, Upload, Verdict
from tests.work.sites import add_user, files_in, film, new_home, picture, query, work_off, zipped


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path, max_upload_mb=1)


def test_asking_decodes_nothing_and_an_open_file_has_no_verdict_yet(settings):
    numbers = requests.take_in(settings, COMMAND_LINE, [Upload("a.dcm", film()), Upload("b.txt", b"text")])
    found = requests.verdicts(settings.home, COMMAND_LINE, numbers)
    assert [(verdict.job, verdict.state, verdict.status) for verdict in found] == [
        (number, JobState.QUEUED, None) for number in numbers
    ]
    assert requests.is_open(found)
    work_off(settings)
    assert not requests.is_open(requests.verdicts(settings.home, COMMAND_LINE, numbers))


def test_a_file_that_is_too_large_is_named_with_the_setting_before_anything_is_taken_in(settings):
    with pytest.raises(BadInput, match=r"big.dcm is larger than 1 MB \(CXR_MAX_UPLOAD_MB\)"):
        requests.take_in(settings, COMMAND_LINE, [Upload("small.png", picture()), Upload("big.dcm", bytes(2**20 + 1))])
    assert files_in(settings, "spool") == []


def test_files_may_be_taken_in_one_after_the_other(settings):
    numbers = [
        requests.take_in_one(settings, COMMAND_LINE, Upload("a", picture(number)), None, bulk=bool(number))
        for number in range(2)
    ]
    assert query(settings, "SELECT id, bulk FROM jobs ORDER BY id") == [
        {"id": number, "bulk": bulk} for number, bulk in zip(numbers, (0, 1), strict=True)
    ]
    with pytest.raises(BadInput, match=r"big.dcm is larger than 1 MB \(CXR_MAX_UPLOAD_MB\)"):
        requests.take_in_one(settings, COMMAND_LINE, Upload("big.dcm", bytes(2**20 + 1)), None, bulk=True)
    assert len(files_in(settings, "spool")) == 2


def test_the_name_of_a_file_is_not_kept(settings):
    requests.take_in(settings, COMMAND_LINE, [Upload("Jane Doe.png", picture())])
    work_off(settings)
    assert all(b"Jane" not in path.read_bytes() for path in files_in(settings))


def test_who_sent_a_file_is_kept(settings):
    user = add_user(settings)
    requests.take_in(settings, user, [Upload("a.png", picture())])
    requests.take_in(settings, COMMAND_LINE, [Upload("b.png", picture(2))])
    assert query(settings, "SELECT asked_by FROM jobs ORDER BY id") == [{"asked_by": user.id}, {"asked_by": None}]


@pytest.mark.parametrize(("count", "bulk"), [(BULK_FROM - 1, 0), (BULK_FROM, 1)])
def test_a_large_batch_gives_way_to_single_files(settings, count, bulk):
    requests.take_in(settings, COMMAND_LINE, [Upload("a", b"x")] * count)
    assert query(settings, "SELECT DISTINCT bulk FROM jobs") == [{"bulk": bulk}]


@pytest.mark.parametrize(
    ("pattern", "name", "patient"),
    [("", "17_a.png", None), (r"^(\d+)_", "17_a.png", "17"), (r"^\d+", "17_a.png", "17"), (r"^(\d+)_", "a.png", None)],
)
def test_the_sites_pattern_finds_the_patient_in_a_name(tmp_path, pattern, name, patient):
    assert spool.patient_from_name(new_home(tmp_path, patient_pattern=pattern), name) == patient


def test_a_job_that_failed_is_a_rejected_file_with_its_reason(settings):
    numbers = requests.take_in(settings, COMMAND_LINE, [Upload("a.png", picture())])
    files_in(settings, "spool")[0].unlink()
    work_off(settings)
    (verdict,) = requests.verdicts(settings.home, COMMAND_LINE, numbers)
    assert isinstance(verdict, Verdict)
    assert (verdict.state, verdict.status, bool(verdict.reasons)) == (JobState.FAILED, Status.REJECTED, True)


def test_an_empty_zip_has_one_verdict(settings):
    numbers = requests.take_in(settings, COMMAND_LINE, [Upload("a.zip", zipped({}))])
    work_off(settings)
    (verdict,) = requests.verdicts(settings.home, COMMAND_LINE, numbers)
    assert verdict.reasons == ("The archive holds no files.",)


def test_every_file_of_a_zip_is_told_under_the_number_that_its_sender_has(settings):
    files = {"1.png": picture(), "2.txt": b"text", "3.png": b""}
    (number,) = requests.take_in(settings, COMMAND_LINE, [Upload("a.zip", zipped(files))])
    work_off(settings)
    found = requests.verdicts(settings.home, COMMAND_LINE, [number])
    assert [(verdict.job, verdict.member) for verdict in found] == [(number, "1"), (number, "2"), (number, "3")]


def test_a_job_that_is_not_there_is_not_found(settings):
    with pytest.raises(NotFound):
        requests.verdicts(settings.home, COMMAND_LINE, [99])
