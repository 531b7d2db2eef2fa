"""The spool: durable, closed to others, and swept."""

import os
import sqlite3
import time

import pytest

from cxr_core.errors import NotFound
from cxr_core.records import Lane
from cxr_core.store import jobs, quarantine
from cxr_core.store.db import opened, transaction
from cxr_core.work.doing import Desk
from cxr_core.work.incoming import intake, spool
from cxr_core.work.incoming.spool import Sender, receive
from tests.work.sites import files_in, job, new_home, picture, query, work_off, zipped


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
    assert spool.fetch(settings, token) == b"bytes"
    spool.remove(settings.home, token)
    spool.remove(settings.home, token)
    with pytest.raises(NotFound, match="send it again"):
        spool.fetch(settings, token)


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


def test_what_is_held_back_while_the_spool_is_swept_stays(settings, monkeypatch):
    """Another worker settles its intake between what a sweep reads first and what it reads next, where it can."""
    number = receive(settings.home, b"bytes", Sender())
    (path,) = files_in(settings, "spool")
    aged(path, 3600)
    with opened(settings.home) as db:
        job = jobs.claim(db, Lane.READING, "a worker")

    def settle():
        with opened(settings.home) as db:
            db.execute("PRAGMA busy_timeout = 0")
            with transaction(db):
                quarantine.add(db, job.payload, (None, None), [], [])
                assert jobs.finish(db, number, "a worker", {})

    read, settled = quarantine.waiting, []

    def read_and_settled(db):
        found = read(db)
        try:
            settle()
            settled.append(True)
        except sqlite3.OperationalError:  # locked: it is settled after the sweep
            settled.append(False)
        return found

    monkeypatch.setattr(quarantine, "waiting", read_and_settled)
    assert spool.sweep(settings.home) == 0
    if settled == [False]:
        settle()
    monkeypatch.undo()
    assert spool.sweep(settings.home) == 0
    assert spool.fetch(settings, job.payload["spool"]) == b"bytes"


def test_the_files_of_a_zip_are_kept_however_long_unpacking_takes(settings):
    number = receive(settings.home, zipped({f"{name}.png": picture(name) for name in range(3)}), Sender())
    swept = []

    def an_hour_later(progress):
        for path in files_in(settings, "spool"):
            aged(path, 3600)
        swept.append(spool.sweep(settings.home))

    with opened(settings.home) as db:
        zip_job = jobs.claim(db, Lane.READING, "a worker")
    unpacked = intake.take_in(Desk(settings, "a worker", tell=an_hour_later), zip_job)
    assert swept == [0, 0, 0]
    with opened(settings.home) as db:
        unpacked.write(db)
        assert jobs.finish(db, number, "a worker", unpacked.result)
        tokens = {job.payload["spool"] for job in jobs.these(db, unpacked.result["members"])}
    assert spool.sweep(settings.home) == 1, "the zip itself"
    assert {path.name for path in files_in(settings, "spool")} == tokens
    work_off(settings)
    assert files_in(settings, "spool") == []


def test_what_a_zip_left_is_swept_when_its_job_has_ended(settings):
    number = receive(settings.home, zipped({"a.png": picture(1), "b.png": picture(2)}), Sender())
    with opened(settings.home) as db:
        zip_job = jobs.claim(db, Lane.READING, "a worker")
        intake.take_in(Desk(settings, "a worker"), zip_job)
        jobs.cancel(db, number, "no longer wanted")
    half = spool.folder(settings.home) / f"{zip_job.payload['spool']}-3.abcd.partial"
    half.write_bytes(b"half")
    for path in files_in(settings, "spool"):
        aged(path, 3600)
    assert spool.sweep(settings.home) == 4


def test_a_zip_that_is_unpacked_again_leaves_no_second_copies(settings):
    receive(settings.home, zipped({"a.png": picture(1), "b.png": picture(2)}), Sender())
    with opened(settings.home) as db:
        zip_job = jobs.claim(db, Lane.READING, "a worker that dies")
        intake.take_in(Desk(settings, "a worker that dies"), zip_job)
        jobs.take_over(db, set())
    work_off(settings)
    assert files_in(settings, "spool") == []
    assert len(query(settings, "SELECT id FROM images")) == 2
