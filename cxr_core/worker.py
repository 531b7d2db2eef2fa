"""The worker: one process, one lane, one job at a time, and the loop around it."""

from __future__ import annotations

import contextvars
import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import torch
from sqlite_utils import Database

import cxr_core
from cxr_core import __version__, service
from cxr_core.errors import Conflict, CxrError, SettingsError
from cxr_core.handlers import ERRANDS, HANDLERS, PASSED, Handler, imported
from cxr_core.pacs.quiet import told_without_words
from cxr_core.records import Job, Lane
from cxr_core.settings import Settings
from cxr_core.store import copies, deliveries, jobs, workers
from cxr_core.store.db import opened, transaction
from cxr_core.store.migrations import check
from cxr_core.work import bounds
from cxr_core.work.auditing import anchoring, changed_settings, forwarding
from cxr_core.work.doing import Desk, Outcome
from cxr_core.work.drift import alarming, notifying
from cxr_core.work.hospital import collecting, delivering
from cxr_core.work.incoming import passing, picturing, spool
from cxr_core.work.keeping import retaining, room
from cxr_core.work.models import quickening, reading
from cxr_core.work.models.retraining import RETRAIN
from cxr_core.work.privacy import identity

log = logging.getLogger(__name__)

Chore = Callable[[], Iterator[bool]]

ERRAND_SECONDS = 0.5
"""Between looks for those."""
BEAT_SECONDS = 2
NAP_SECONDS = 0.1
"""Between looks for work: short, because a radiologist is waiting for the opinion."""
REST_SECONDS = 300.0
"""Before what a worker does of its own accord is tried again after it went wrong."""
SETTLING_SECONDS = 5
"""After its start, and after somebody's last file, in which a worker does nothing of its own accord: more may come."""


def _code_on_disk() -> bytes:
    """The file that holds the program's version."""
    path = Path(cxr_core.__file__)
    return path.read_bytes() if path.is_file() else b""


STARTED_AS = _code_on_disk()


@dataclass
class Worker:
    """What this process has at hand, the lane it works on, and whether it is to stop."""

    desk: Desk
    lane: Lane
    handlers: dict[str, Handler]
    """What does each kind of job."""
    starter: int | None = None
    """The process that it must not outlive."""
    stopping: threading.Event = field(default_factory=threading.Event)
    looked_at: float = -BEAT_SECONDS
    """When it last looked after itself and the others, by the monotonic clock."""
    started_at: float = field(default_factory=time.monotonic)
    patience: float = 0
    """Seconds after which it ends where it gets no further; 0 for whoever does jobs beside something else."""

    @property
    def id(self) -> str:
        """The name in which it holds jobs."""
        return self.desk.worker

    def is_at_leisure(self) -> bool:
        """Whether nobody waits for this worker, or did just now; bulk work isn't waited for."""
        if time.monotonic() - self.started_at < SETTLING_SECONDS:
            return False
        with opened(self.desk.home) as db:
            return not jobs.is_waited_for(db, self.lane, SETTLING_SECONDS)

    def stop_if_left_behind(self) -> None:
        """Stop where the starter is gone, or the program on disk isn't the one that runs here any more."""
        if self.starter not in (None, os.getppid()) or _code_on_disk() != STARTED_AS:
            self.stopping.set()


def new_worker(settings: Settings, lane: Lane, starter: int | None = None) -> Worker:
    """A worker with a name of its own."""
    handlers = {kind: imported(name) for kind, name in HANDLERS[lane].items()}
    return Worker(Desk(settings, worker=secrets.token_hex(8)), lane, handlers, starter)


def process_one_job(worker: Worker) -> bool:
    """Take the next job of the lane and finish it, or record why not; False if there was none.

    What the job writes and that it is done are one transaction: it is done once, or not at all.
    """
    with opened(worker.desk.home) as db:
        job = jobs.claim(db, worker.lane, worker.id, _wanted(worker))
    if job is None:
        return False
    try:
        with _heartbeat(worker, job) as desk:
            outcome = worker.handlers[job.kind](desk, job)
        _settle(worker, job, outcome)
        outcome.after()
    except SettingsError:
        log.exception("job %s can't be done as this worker is set up: it stops, and the job waits for another", job.id)
        worker.stopping.set()
    except CxrError as error:
        _fail(worker, job, str(error))
    except Exception as error:
        log.exception("job %s (%s) failed, attempt %s", job.id, job.kind, job.attempts)
        _try_again(worker, job, _why(worker, error))
    return True


def _wanted(worker: Worker) -> list[str]:
    """The kinds of jobs that are begun now: a retrain waits for room on the disk."""
    return [kind for kind in worker.handlers if kind != RETRAIN or not room.measured(worker.desk.settings).is_out]


def run(settings: Settings, lane: Lane, starter: int | None) -> None:
    """Work until told to stop (SIGTERM, SIGINT), until the process `starter` is gone, or until an update."""
    check(settings.home)
    identity.require_key(settings)
    changed_settings.note(settings, f"{lane.value} worker")
    _use_threads(settings, lane)
    if megabytes := bounds.memory_of(lane, settings)[1]:
        bounds.hold_memory(megabytes)
    worker = new_worker(settings, lane, starter)
    worker.patience = bounds.patience_of(lane, settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(worker))
    try:
        _look_after(worker)
        if lane is Lane.READING:
            reading.warm_up(worker.desk)
        service.tell(service.READY)
        chores = [_kept_up(chore) for chore in _chores(worker)]
        while not worker.stopping.is_set():
            bounds.expect_headway(worker.patience)
            _look_after(worker)
            if not worker.stopping.is_set():
                did_something = [process_one_job(worker), *map(next, chores)]
                worker.stopping.wait(0 if any(did_something) else NAP_SECONDS)
    finally:
        bounds.expect_headway(0)
        service.tell(service.STOPPING)
        _leave(worker)


def _chores(worker: Worker) -> list[Chore]:
    """What the worker does of its own accord, a step at each `next`; a step says whether it did anything."""
    if worker.lane is not Lane.READING:
        return []
    return [
        partial(quickening.improving, worker.desk, worker.is_at_leisure),
        partial(picturing.catching_up, worker.desk.home, worker.is_at_leisure),
        partial(alarming.looking, worker.desk.home, worker.is_at_leisure, worker.desk.settings.channels),
        partial(retaining.retaining, worker.desk.settings, worker.is_at_leisure, apart),
        partial(notifying.delivering, worker.desk.settings),
        partial(anchoring.telling, worker.desk.settings),
        partial(forwarding.forwarding, worker.desk.settings),
        partial(delivering.delivering, worker.desk.settings, worker.id, apart),
        partial(collecting.collecting, worker.desk.settings, apart),
        partial(_running_errands, worker),
    ]


def apart(do: Callable[..., object], *about: Any) -> threading.Thread:
    """Do it in a thread of its own, which has begun. Where it goes wrong the log says so: it may be begun anew."""

    def done() -> None:
        try:
            do(*about)
        except Exception as error:  # noqa: BLE001  (its words may name a patient: they stay out of the log)
            log.error("a thread of this worker ended before its time: %s", told_without_words(error))

    thread = threading.Thread(target=done, daemon=True)
    thread.start()
    return thread


def errands_of(worker: Worker) -> dict[str, Worker]:
    """The same worker, for each kind of job that asks other hosts."""
    return {
        kind: replace(worker, handlers={kind: imported(name)}, patience=0)
        for kind, name in ERRANDS[worker.lane].items()
    }


def _running_errands(worker: Worker) -> Iterator[bool]:
    """A worker's chore: whenever a job waits that asks other hosts, the thread of its kind does it."""
    looked_at, threads, errands = -ERRAND_SECONDS, dict[str, threading.Thread](), errands_of(worker)
    while True:
        if time.monotonic() - looked_at >= ERRAND_SECONDS:
            looked_at = time.monotonic()
            with opened(worker.desk.home) as db:
                waiting = [kind for kind in errands if jobs.is_queued(db, kind)]
            for kind in waiting:
                if kind not in threads or not threads[kind].is_alive():
                    threads[kind] = apart(process_one_job, errands[kind])
        yield False


def _kept_up(chore: Chore) -> Iterator[bool]:
    """The steps of a chore. One that goes wrong ends no worker: after REST_SECONDS the chore is begun anew."""
    while True:
        try:
            yield from chore()
        except Exception:
            log.exception("what a worker does of its own accord went wrong; again in %.0f s", REST_SECONDS)
        begun = time.monotonic()
        while time.monotonic() - begun < REST_SECONDS:
            yield False


@contextmanager
def standing_in(settings: Settings, lane: Lane) -> Iterator[Callable[[], bool]]:
    """For a command that waits for jobs: what does the lane's next one here, where no other worker is alive.

    It says whether it did one, and is to be called again and again: the others may die meanwhile. What asks other hosts
    is done beside that, in threads: fetching waits until what was fetched is taken in. It raises SettingsError where
    it should work, and hasn't the site's key.
    """
    worker = new_worker(settings, lane)
    errands, is_working = _running_errands(worker), False

    def step() -> bool:
        nonlocal is_working
        if not is_working:
            with opened(settings.home) as db:
                is_working = not workers.living(db, lane)
            if not is_working:
                return False
            if lane is Lane.READING:
                identity.require_key(settings)  # else each job would be claimed, held, and done by nobody
        _look_after(worker)
        next(errands)
        return process_one_job(worker)

    try:
        yield step
    finally:
        worker.stopping.set()
        _leave(worker)


def _leave(worker: Worker) -> None:
    with opened(worker.desk.home) as db, transaction(db):
        jobs.hand_back(db, worker.id)
        deliveries.hand_back(db, worker.id)
        workers.leave(db, worker.id)


def _look_after(worker: Worker) -> None:
    """Every few seconds: beat, take over what dead workers held, and see whether it is time to stop."""
    if time.monotonic() - worker.looked_at < BEAT_SECONDS:
        return
    worker.looked_at = time.monotonic()
    worker.stop_if_left_behind()
    # One transaction: else a worker that comes just now, and claims a job, would be taken for a dead one.
    with opened(worker.desk.home) as db, transaction(db):
        _beat(db, worker)
        alive = workers.living(db)
        workers.bury(db, alive)
        for job in jobs.take_over(db, alive):
            log.error("job %s (%s) failed: %s", job.id, job.kind, job.error)
            spool.owe(db, job, spool.BROKE_OFF)
        deliveries.take_over(db, alive)
        passing.sweep(db, PASSED)
    if worker.lane is Lane.READING:
        spool.sweep(worker.desk.home)
        copies.drop_old(worker.desk.home)


def _beat(db: Database, worker: Worker) -> None:
    """Say that this worker is alive; one that was struck off while its machine slept comes back."""
    service.tell(service.ALIVE)
    if not workers.beat(db, worker.id):
        workers.register(db, worker.id, worker.lane, __version__)


@contextmanager
def _heartbeat(worker: Worker, job: Job) -> Iterator[Desk]:
    """A desk whose job and worker are kept alive by a thread for as long as the block runs."""
    done, lost = threading.Event(), threading.Event()

    def beat(progress: dict[str, Any] | None = None) -> None:
        with opened(worker.desk.home) as db:
            _beat(db, worker)
            if not jobs.beat(db, job.id, worker.id, progress):
                lost.set()

    def keep_beating() -> None:
        while not done.wait(BEAT_SECONDS):
            worker.stop_if_left_behind()
            beat()

    def tell(progress: dict[str, Any]) -> None:
        if worker.patience:
            bounds.expect_headway(worker.patience)
        contextvars.Context().run(beat, progress)  # now, even where a demo tells of the past
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


def _why(worker: Worker, error: Exception) -> str:
    """What a job fails with that goes wrong for good as nobody foresaw."""
    if bounds.lacked_memory(error):
        name, megabytes = bounds.memory_of(worker.lane, worker.desk.settings)
        return f"this needs more memory than the worker may take ({name}={megabytes})"
    return "the program failed at this; the worker's log has the details"


def _try_again(worker: Worker, job: Job, why: str) -> None:
    """What nobody foresaw may pass, like a full disk: the job has its other attempts before it fails for good."""
    if job.attempts >= jobs.MOST_ATTEMPTS:
        _fail(worker, job, why)
        return
    with opened(worker.desk.home) as db:
        jobs.put_back(db, job.id, worker.id)


def _fail(worker: Worker, job: Job, why: str) -> None:
    """Record the failure, unless the job isn't this worker's any more or goes back because it is stopping."""
    if worker.stopping.is_set():
        return
    with opened(worker.desk.home) as db, transaction(db):
        failed = jobs.fail(db, job.id, worker.id, why)
        if failed:
            spool.owe(db, job, spool.FAILED)
    if failed and "spool" in job.payload and job.payload.get("sender") is None:
        spool.remove(worker.desk.home, job.payload["spool"])


def _use_threads(settings: Settings, lane: Lane) -> None:
    """Learning leaves a core to reading: a radiologist must not wait for a retrain."""
    # A container may hold fewer cores than the machine has; unlike os.cpu_count(), OpenCV counts those it may use.
    cores = cv2.getNumberOfCPUs()
    threads = settings.threads or max(1, cores - (1 if lane is Lane.LEARNING else 0))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def _stopper(worker: Worker) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        worker.stopping.set()

    return stop
