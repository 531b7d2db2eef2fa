"""The worker as a real process: it does its work, ends when it should, and may be killed at any moment."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from cxr_core.records import JobState, Label, Lane, Role, Side
from cxr_core.store import jobs
from cxr_core.store.db import opened
from cxr_core.work import starting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests
from cxr_core.work.incoming.requests import Upload
from cxr_core.work.models import retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.reading_room import recording
from cxr_core.work.verifying import verify
from tests.model.chests import public_set
from tests.processes import PATIENCE, ROOT, command, kill, start_worker, wait_until, worker_of
from tests.work.sites import add_user, files_in, form, job, new_home, noise, picture, query, take_in

pytestmark = pytest.mark.alone

BASE = {Side.TRAIN: 8, Side.VALIDATION: 6, Side.CALIBRATION: 20, Side.LOCKED: 20}
EPOCHS = 9
MARK = 1234.5


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def send(settings, data):
    return requests.take_in(settings, COMMAND_LINE, [Upload("x.png", data)])[0]


def is_(settings, number, state):
    return job(settings, number).state is state


def done(settings, number, process=None):
    wait_until(lambda: is_(settings, number, JobState.DONE) or job(settings, number).error, process)
    assert job(settings, number).error is None
    return job(settings, number)


def test_a_worker_does_what_is_asked_and_leaves_without_a_trace(settings, tmp_path):
    log = tmp_path / "log"
    with worker_of(settings, log=log) as process:
        first = done(settings, send(settings, picture(1)), process)
        assert starting.living_lanes(settings.home) == {Lane.READING}
        second = done(settings, send(settings, picture(2)), process)
    assert process.returncode == 0
    assert {first.result["status"], second.result["status"]} == {"predicted"}
    assert query(settings, "SELECT * FROM workers") == []
    assert "Traceback" not in log.read_text()


def test_a_worker_that_is_stopped_finishes_or_hands_back(settings):
    numbers = [send(settings, noise(1500, seed)) for seed in range(4)]
    process = start_worker(settings)
    wait_until(lambda: is_(settings, numbers[0], JobState.RUNNING) or is_(settings, numbers[0], JobState.DONE), process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    states = {row["state"] for row in query(settings, "SELECT state FROM jobs")}
    assert states <= {"done", "queued"}
    assert "queued" in states
    assert query(settings, "SELECT * FROM workers") == []
    assert all(row["attempts"] == (row["state"] == "done") for row in query(settings, "SELECT * FROM jobs"))


def test_a_worker_ends_when_its_starter_is_gone(settings):
    line = "import subprocess, sys, os, time\n"
    line += "subprocess.Popen([sys.executable, '-m', 'cxr_core', 'worker', '--starter', str(os.getpid())])\n"
    line += "time.sleep(600)"
    environment = {"CXR_HOME": str(settings.home), "PATH": "/usr/bin:/bin"}
    starter = subprocess.Popen([sys.executable, "-c", line], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: starting.living_lanes(settings.home), starter)
    finally:
        kill(starter)
    wait_until(lambda: query(settings, "SELECT * FROM workers") == [])
    assert starting.living_lanes(settings.home) == set()


def test_a_worker_refuses_a_home_that_was_never_opened(tmp_path, settings):
    found = command(replace(settings, home=tmp_path / "other"), "worker")
    assert found.returncode == 1
    assert found.stderr.strip().endswith("run `python -m cxr_core migrate`")


def test_a_worker_that_is_killed_in_the_middle_of_a_prediction_costs_nothing(settings):
    reader = add_user(settings)
    (known,) = take_in(settings, picture(1))
    read = recording.submit(settings.home, reader, form(settings, known.image, label=Label.NORMAL))
    numbers, caught = [], 0
    for moment, pause in enumerate((0.0, 0.05, 0.15, 0.3, 0.5)):
        numbers.append(send(settings, noise(1800, moment)))
        process = start_worker(settings)
        wait_until(lambda: not is_(settings, numbers[-1], JobState.QUEUED), process)
        time.sleep(pause)
        kill(process)
        caught += is_(settings, numbers[-1], JobState.RUNNING)
    assert caught >= 2
    with worker_of(settings) as process:
        found = [done(settings, number, process) for number in numbers]
    assert len({job.result["image"] for job in found}) == len(numbers)
    once = query(settings, "SELECT image, count(*) AS predictions FROM predictions GROUP BY image")
    assert {row["image"] for row in once} == {known.image, *(job.result["image"] for job in found)}
    assert {row["predictions"] for row in once} == {1}
    assert [row["id"] for row in query(settings, "SELECT id FROM reads")] == [read]
    assert len(query(settings, "SELECT * FROM audit WHERE action = 'take in'")) == len(numbers) + 1
    assert verify(settings.home, COMMAND_LINE)["problems"] == []
    assert files_in(settings, "spool") == []


@pytest.fixture
def flagged(tmp_path):
    """A home with base data and a flagged case on the training side; its settings and the admin."""
    settings = new_home(tmp_path, base_data=public_set(tmp_path / "base", BASE))
    reader, admin = add_user(settings), add_user(settings, Role.ADMIN)
    take_in(settings, *(picture(number, number % 2 == 1) for number in range(12)))
    with opened(settings.home) as db:
        db.execute("UPDATE predictions SET label = 'Normal' WHERE label = 'Uncertain'")
    for row in query(settings, "SELECT i.id AS image, side FROM images i JOIN patients ON pseudonym = patient"):
        recording.submit(settings.home, reader, form(settings, row["image"], agrees=row["side"] != "train"))
    return settings, admin


def epoch_of(checkpoint):
    """The epochs that a checkpoint holds; 0 while there is none."""
    return torch.load(checkpoint, weights_only=True)["epoch"] if checkpoint.exists() else 0


def mark(checkpoint):
    """Write a loss into its first epoch that no run of its own would have had."""
    state = torch.load(checkpoint, weights_only=True)
    state["history"][0]["loss"] = MARK
    torch.save(state, checkpoint)


def test_a_worker_that_is_killed_in_the_middle_of_a_retrain_goes_on_from_its_checkpoint(flagged):
    settings, admin = flagged
    reads = query(settings, "SELECT * FROM reads ORDER BY id")
    number = retraining.start(settings, admin, Options("last block", epochs=EPOCHS))
    checkpoint = settings.home / "checkpoints" / f"{number}.pt"

    process = start_worker(settings, "learning")
    wait_until(lambda: is_(settings, number, JobState.RUNNING), process)
    kill(process)  # while it collects its images
    assert is_(settings, number, JobState.RUNNING)

    process = start_worker(settings, "learning")
    wait_until(lambda: epoch_of(checkpoint) >= 2, process)
    kill(process)  # between two epochs, or within one
    reached = epoch_of(checkpoint)
    assert 2 <= reached < EPOCHS
    assert is_(settings, number, JobState.RUNNING)
    mark(checkpoint)
    with opened(settings.home) as db:
        jobs.beat(db, number, query(settings, "SELECT worker FROM jobs WHERE id = ?", number)[0]["worker"], {})

    with worker_of(settings, "learning") as process:
        done(settings, number, process)
    assert job(settings, number).error is None
    assert job(settings, number).attempts == 3

    (made,) = query(settings, "SELECT * FROM models WHERE parent NOT NULL")
    assert made["name"] == job(settings, number).result["candidate"]
    history = retraining.candidate(settings.home, COMMAND_LINE)["card"]["history"]
    assert [entry["epoch"] for entry in history] == list(range(1, EPOCHS + 1))
    assert history[0]["loss"] == MARK, "it went on from what the killed one left"
    assert len(query(settings, "SELECT * FROM weights")) == 1
    assert query(settings, "SELECT * FROM reads ORDER BY id") == reads
    assert not checkpoint.exists()
    assert verify(settings.home, COMMAND_LINE)["problems"] == []
