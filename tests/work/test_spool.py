"""The spool: durable, closed to others, and swept."""

import os
import time

import pytest

from cxr_core.errors import NotFound
from cxr_core.store import jobs
from cxr_core.store.db import opened
from cxr_core.work import spool
from cxr_core.work.spool import Sender, receive
from tests.work.sites import files_in, job, new_home


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def aged(path, seconds):
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_what_is_received_rests_closed_to_others(settings):
    number = receive(settings.home, b"bytes with a name in them", Sender())
    (path,) = files_in(settings, "spool")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert job(settings, number).payload["spool"] == path.name


def test_bytes_come_back_as_they_went_in(settings):
    token = job(settings, receive(settings.home, b"bytes", Sender())).payload["spool"]
    assert spool.fetch(settings.home, token) == b"bytes"
    spool.remove(settings.home, token)
    spool.remove(settings.home, token)
    with pytest.raises(NotFound, match="send it again"):
        spool.fetch(settings.home, token)


def test_the_patient_is_keyed_before_it_is_written(settings):
    payload = job(settings, receive(settings.home, b"bytes", Sender(patient="Doe^Jane"))).payload
    assert payload["patient"] and "Doe" not in payload["patient"]
    assert (
        payload["patient"] == job(settings, receive(settings.home, b"x", Sender(patient="Doe^Jane"))).payload["patient"]
    )


def test_what_a_kill_left_is_swept_when_it_is_old(settings):
    leftovers = [spool.folder(settings.home) / name for name in ("token", "token.abcd.partial")]
    for path in leftovers:
        path.write_bytes(b"left")
    assert spool.sweep(settings.home) == 0
    for path in leftovers:
        aged(path, 601)
    assert spool.sweep(settings.home) == 2
    assert files_in(settings, "spool") == []


def test_what_a_job_still_needs_is_not_swept(settings):
    number = receive(settings.home, b"bytes", Sender())
    (path,) = files_in(settings, "spool")
    aged(path, 3600)
    assert spool.sweep(settings.home) == 0
    with opened(settings.home) as db:
        jobs.cancel(db, number, "no longer wanted")
    assert spool.sweep(settings.home) == 1
