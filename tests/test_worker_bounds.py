"""A worker that hangs, or wants too much memory, as a real process: the job has its verdict, and the next is done."""

import numpy as np
import pytest

from cxr_core.records import JobState, Lane
from cxr_core.store import jobs
from cxr_core.store import workers as stored
from cxr_core.store.db import opened
from cxr_core.ui import workers
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.verifying import verify
from tests.dicom.films import picture as png
from tests.processes import wait_until, worker_of
from tests.work.sites import files_in, job, new_home, picture, zipped

pytestmark = pytest.mark.alone

ENDLESS = r"^(a+)+$"
"""Takes twice as long for each letter more, with Python's lock held: no thread of the worker's own gets to run."""
MEMORY_MB = "1500"


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def send(settings, *files):
    return requests.take_in(settings, COMMAND_LINE, [Upload("x", data) for data in files])


def verdict(settings, number):
    (found,) = requests.verdicts(settings.home, COMMAND_LINE, [number])
    return found


def ended(settings, number):
    return not job(settings, number).state.is_open


def test_a_worker_that_hangs_is_ended_and_started_anew_and_the_third_time_its_job_fails(settings, monkeypatch, capfd):
    for name, value in {"CXR_PATIENT_PATTERN": ENDLESS, "CXR_READING_STUCK_SECONDS": "2", "CXR_THREADS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(workers, "LOOK_AGAIN_SECONDS", 0.1)
    hanging, whole = send(settings, zipped({f"{'a' * 60}!": picture(1)}), picture(2))
    server, seen = workers.Workers(), set()
    with opened(settings.home) as db:
        db.execute("UPDATE jobs SET attempts = 1 WHERE id = ?", (hanging,))  # the first time is like the others

    def watched():
        with opened(settings.home) as db:
            if not stored.beat(db, "learning"):  # this process stands for that lane: reading is what hangs
                stored.register(db, "learning", Lane.LEARNING, "1")
        server.ensure(settings)
        seen.update(process.pid for process in server.processes())
        return ended(settings, hanging) and ended(settings, whole)

    try:
        wait_until(watched, every=0.1)
    finally:
        server.stop()
    assert (job(settings, hanging).state, job(settings, hanging).attempts) == (JobState.FAILED, jobs.MOST_ATTEMPTS)
    assert (
        verdict(settings, hanging)
        .reasons[0]
        .startswith(f"the worker died {jobs.MOST_ATTEMPTS} times at this job: it crashed, hung")
    )
    assert verdict(settings, whole).status == "predicted"
    assert len(seen) == jobs.MOST_ATTEMPTS
    assert verify(settings.home, COMMAND_LINE)["problems"] == []
    said = capfd.readouterr().err
    assert "Timeout" in said and "patient_from_name" in said, "the log says where it hung"
    assert "aaaa" not in said, "and nothing of whom the file is"


def test_a_file_that_needs_more_memory_than_the_worker_may_take_is_refused_for_it_and_the_next_is_read(settings):
    y, x = np.mgrid[0:9900, 0:9900]
    huge, small = send(settings, png((x + y).astype(np.uint16), compress_level=1), picture(2))
    with worker_of(settings, CXR_READING_MEMORY_MB=MEMORY_MB, CXR_RUNTIME="torch") as process:
        wait_until(lambda: ended(settings, huge) and ended(settings, small), process)
    assert verdict(settings, huge).status == "rejected"
    assert f"CXR_READING_MEMORY_MB={MEMORY_MB}" in verdict(settings, huge).reasons[0]
    assert verdict(settings, small).status == "predicted"
    assert files_in(settings, "spool") == []
    assert verify(settings.home, COMMAND_LINE)["problems"] == []
