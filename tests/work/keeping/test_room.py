"""A disk that fills up is seen before it is full: nothing comes in and nothing is learnt, and reading goes on."""

from dataclasses import replace

import pytest

from cxr_core import worker
from cxr_core.errors import OutOfRoom
from cxr_core.records import CLASSES, JobState, Label, Lane, Role
from cxr_core.store import jobs
from cxr_core.store.db import opened
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.keeping import room
from cxr_core.work.keeping.room import Room
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.models.retraining import RETRAIN
from cxr_core.work.reading_room import recording
from tests.processes import command
from tests.work.sites import add_user, files_in, film, job, picture, query

FULL = 1024 * 1024
"""More than any disk of these has free, in MB."""


@pytest.fixture
def full(settings):
    """The settings of a site that asks for more room than there is."""
    return replace(settings, free_mb=FULL)


@pytest.mark.parametrize(("free", "is_low", "is_out"), [(3072, False, False), (3071, True, False), (1024, True, False),
                                                        (1023, True, True)])  # fmt: skip
def test_it_is_low_before_it_is_out(free, is_low, is_out):
    left = Room(free, 1024)
    assert (left.is_low, left.is_out) == (is_low, is_out)


def test_what_is_free_is_measured_where_the_home_is(settings, full):
    assert room.left(settings, COMMAND_LINE).free_mb > 0
    assert not room.left(settings, COMMAND_LINE).is_low, "it asks for no room"
    assert room.left(full, COMMAND_LINE).is_out


def test_uploads_are_refused_and_leave_nothing(full):
    before = len(query(full, "SELECT * FROM jobs"))
    with pytest.raises(OutOfRoom, match="make room on that disk"):
        requests.take_in(full, COMMAND_LINE, [Upload("a.png", picture(1)), Upload("b.png", picture(2))])
    assert len(query(full, "SELECT * FROM jobs")) == before
    assert files_in(full, "spool") == []


def test_import_says_so_in_a_line(full, tmp_path):
    (tmp_path / "a.dcm").write_bytes(film(1))
    done = command(full, "import", tmp_path / "a.dcm", CXR_FREE_MB=str(FULL))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("cxr_core import: ")
    assert "make room on that disk" in done.stderr


def test_reading_goes_on(full):
    reader = add_user(full, name="eve")
    (said,) = query(full, "SELECT p.id, image, label FROM predictions p JOIN images i ON i.id = image "
                          "WHERE slots_open LIMIT 1")  # fmt: skip
    label = Label(said["label"]) if said["label"] in tuple(CLASSES) else Label.NORMAL
    assert recording.submit(full.home, reader, recording.ReadForm(said["image"], said["id"], label, seconds=3))


def test_no_retrain_starts_and_one_that_waits_begins_once_there_is_room(full, settings):
    admin = add_user(full, Role.ADMIN)
    with pytest.raises(OutOfRoom):
        retraining.start(full, admin, Options())
    with opened(full.home) as db:
        number = jobs.ask(db, jobs.Request(RETRAIN, Lane.LEARNING, {"training_set": "none"}))
    assert not worker.process_one_job(worker.new_worker(full, Lane.LEARNING))
    assert job(full, number).state is JobState.QUEUED
    assert worker.process_one_job(worker.new_worker(settings, Lane.LEARNING))
    assert job(full, number).state is not JobState.QUEUED
