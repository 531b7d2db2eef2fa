"""An X-ray that no worker survives was acknowledged all the same: its sender is told why nothing came of it."""

import os
import signal

import pytest

from cxr_core.dicom import pixels
from cxr_core.dicom.phantoms.phantom import phantom
from cxr_core.dicom.reading import named
from cxr_core.records import Answer
from cxr_core.store import jobs
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import traffic
from tests import orthanc
from tests.network.hospital import answer_to, founded, running
from tests.network.test_kills import Round, work
from tests.work.sites import files_in

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("one_thread")]
WHY = "The file could not be read: the program broke off on it 3 times."


def work_until_pixels_are_read(hospital, told):
    """A worker that dies of any pixel data, as of a decoder that crashes."""
    pixels.stored_values = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    work(hospital, told)


def spooled(hospital):
    return len(files_in(hospital.settings, "spool"))


def test_an_x_ray_that_no_worker_survives_is_answered_and_kept_until_that_is_on_record(tmp_path):
    film = phantom(1, True, machine="DEMO-SIE-1", rows=160)
    (tmp_path / "film.dcm").write_bytes(film)
    (tmp_path / "archive").mkdir()
    with orthanc.running(tmp_path / "archive") as archive:
        hospital = founded(tmp_path, archive)
        answer_to(hospital, Answer.CAPTURE, Answer.REPORT)
        with running(hospital, worker=False):
            sent = hospital.send(tmp_path / "film.dcm")
        assert "Received Store Response (Success)" in sent.stdout + sent.stderr
        for _ in range(jobs.MOST_ATTEMPTS):
            assert Round(work_until_pixels_are_read, hospital).ended()[0] == -signal.SIGKILL
            assert spooled(hospital) == 1 and hospital.query("SELECT * FROM arrivals") == []
        assert Round(work_until_pixels_are_read, hospital).ended()[0] == 0
        (arrival,) = hospital.query("SELECT image, refused FROM arrivals")
        assert (arrival["image"], arrival["refused"], spooled(hospital)) == (None, WHY, 0)
        assert hospital.states() == {"verified": 1}, hospital.query("SELECT said FROM deliveries")
        assert traffic.came_in_today(hospital.home, COMMAND_LINE)[0]["refused"] == 1
        (report,) = archive.rest("/instances")
        tags = archive.rest(f"/instances/{report}/simplified-tags")
        assert (tags["Modality"], tags["StudyInstanceUID"]) == ("SR", named(film).identity.study)
        assert WHY.encode() in archive.rest(f"/instances/{report}/file")
