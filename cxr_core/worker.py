"""The worker: one process, one lane, one job at a time, and the loop around it."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

import cv2
import torch

from cxr_core import __version__
from cxr_core.errors import Conflict, CxrError
from cxr_core.records import Job, Lane
from cxr_core.settings import Settings
from cxr_core.store import jobs, workers
from cxr_core.store.db import opened, transaction
from cxr_core.store.migrations import check
from cxr_core.work import demo, intake, learning, reading, spool
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.retraining import REPREDICT, RETRAIN
from cxr_core.work.starting import MAKE_DEMO

log = logging.getLogger(__name__)

HANDLERS: dict[str, Callable[[Desk, Job], Outcome]] = {
    spool.INTAKE: intake.take_in,
    REPREDICT: reading.repredict,
    RETRAIN: learning.retrain,
    MAKE_DEMO: demo.make,
}
BEAT_SECONDS = 2
NAP_SECONDS = 0.1
"""Between looks for work: short, because a radiologist is waiting for the opinion."""


@dataclass
class Worker:
    """What this process has at hand, the lane it works on, and whether it has been told to stop."""

    desk: Desk
    lane: Lane
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        """The name in which it holds jobs."""
        return self.desk.worker


def new_worker(settings: Settings, lane: Lane) -> Worker:
    """A worker with a name of its own."""
    return Worker(Desk(settings, worker=secrets.token_hex(8)), lane)


def process_one_job(worker: Worker) -> bool:
    """Take the next job of the lane and finish it, or record why not; False if there was none.

    What the job writes and that it is done are one transaction: it is done once, or not at all.
    """
    with opened(worker.desk.home) as db:
        job = jobs.claim(db, worker.lane, worker.id)
    if job is None:
        return False
    try:
        with _heartbeat(worker, job) as desk:
            outcome = HANDLERS[job.kind](desk, job)
        _settle(worker, job, outcome)
        outcome.after()
    except CxrError as error:
        _fail(worker, job, str(error))
    except Exception:
        log.exception("job %s (%s) failed", job.id, job.kind)
        _fail(worker, job, "the program failed at this; the worker's log has the details")
    return True


def run(settings: Settings, lane: Lane, starter: int | None) -> None:
    """Work until told to stop (SIGTERM, SIGINT), or until the process `starter` is gone."""
    check(settings.home)
    _use_threads(settings, lane)
    worker = new_worker(settings, lane)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(worker))
    with opened(settings.home) as db:
        workers.register(db, worker.id, lane, __version__)
    try:
        _loop(worker, starter)
    finally:
        _leave(worker)


def one_off(settings: Settings, lane: Lane) -> Callable[[], bool]:
    """For a command that finds no worker alive: does the lane's next job here and says whether there was one."""
    worker = new_worker(settings, lane)
    with opened(settings.home) as db:
        jobs.take_over(db, workers.living(db))
        workers.register(db, worker.id, lane, __version__)
    atexit.register(_leave, worker)
    return lambda: process_one_job(worker)


def _leave(worker: Worker) -> None:
    with opened(worker.desk.home) as db:
        jobs.hand_back(db, worker.id)
        workers.leave(db, worker.id)


def _loop(worker: Worker, starter: int | None) -> None:
    beat_at = 0.0
    while not worker.stopping.is_set():
        if time.monotonic() >= beat_at:
            if starter is not None and os.getppid() != starter:
                return  # nothing outlives the app that started it
            _look_after(worker)
            beat_at = time.monotonic() + BEAT_SECONDS
        if not process_one_job(worker):
            worker.stopping.wait(NAP_SECONDS)


def _look_after(worker: Worker) -> None:
    """Beat, and take over what dead workers held."""
    with opened(worker.desk.home) as db:
        workers.beat(db, worker.id)
        alive = workers.living(db) | {worker.id}
        workers.bury(db, alive)
        jobs.take_over(db, alive)
    if worker.lane is Lane.READING:
        spool.sweep(worker.desk.home)


@contextmanager
def _heartbeat(worker: Worker, job: Job) -> Iterator[Desk]:
    """A desk whose job and worker are kept alive by a thread for as long as the block runs."""
    done, lost = threading.Event(), threading.Event()

    def beat(progress: dict[str, Any] | None = None) -> None:
        with opened(worker.desk.home) as db:
            workers.beat(db, worker.id)
            if not jobs.beat(db, job.id, worker.id, progress):
                lost.set()

    def keep_beating() -> None:
        while not done.wait(BEAT_SECONDS):
            beat()

    def tell(progress: dict[str, Any]) -> None:
        beat(progress)
        if lost.is_set() or worker.stopping.is_set():
            raise Conflict("stopped")

    thread = threading.Thread(target=keep_beating, daemon=True)
    thread.start()
    try:
        yield replace(worker.desk, tell=tell)
    finally:
        done.set()
        thread.join()


def _settle(worker: Worker, job: Job, outcome: Outcome) -> None:
    with opened(worker.desk.home) as db, transaction(db):
        outcome.write(db)
        if not jobs.finish(db, job.id, worker.id, outcome.result):
            raise Conflict("the job was given to another worker, or cancelled")


def _fail(worker: Worker, job: Job, why: str) -> None:
    """Record the failure, unless the job isn't this worker's any more or goes back because it is stopping."""
    if worker.stopping.is_set():
        return
    with opened(worker.desk.home) as db:
        if jobs.fail(db, job.id, worker.id, why) and "spool" in job.payload:
            spool.remove(worker.desk.home, job.payload["spool"])


def _use_threads(settings: Settings, lane: Lane) -> None:
    """Learning leaves a core to reading: a radiologist must not wait for a retrain."""
    cores = os.cpu_count() or 1
    threads = settings.threads or max(1, cores - (1 if lane is Lane.LEARNING else 0))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    if lane is Lane.LEARNING:
        os.nice(10)


def _stopper(worker: Worker) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        worker.stopping.set()

    return stop
