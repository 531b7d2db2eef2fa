"""import, worker, users, demo, retrain, verify: what works on a home."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from pathlib import Path

from cxr_core.commands.output import result, say, say_unchecked
from cxr_core.errors import BadInput, IntegrityError, NotFound, RejectedFile
from cxr_core.records import MEGABYTE, Job, JobState, Lane, Status
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work import accounts, people, starting
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.incoming import requests, sources
from cxr_core.work.models import exporting, retraining
from cxr_core.work.models.drafting import Options
from cxr_core.work.opening import is_demo, open_home
from cxr_core.work.verifying import verify

AT_ONCE = 50
"""Files that `import` has in the spool at a time."""
LOOK_SECONDS = 0.2
"""Between looks at what another worker does."""


def run_import(settings: Settings, options: argparse.Namespace) -> int:
    """Take files, folders and zips in; one JSON line a file, with what became of it."""
    open_home(settings.home)
    for path in options.paths:
        if not path.exists():
            raise NotFound(f"{path}: there is no such file or folder")
    paths = list(sources.walk(options.paths))
    for batch in sources.batched(paths, AT_ONCE):
        sent = [(path, _send(settings, path, options.patient, len(paths) >= requests.BULK_FROM)) for path in batch]
        unpacked = work_off(settings, Lane.READING, [number for _, number in sent if isinstance(number, int)])
        work_off(settings, Lane.READING, [number for job in unpacked for number in job.result.get("members", [])])
        for path, found in sent:
            _tell(settings, path, found)
    return 0


def _send(settings: Settings, path: Path, patient: str | None, bulk: bool) -> int | RejectedFile:
    """Spool one file, whose bytes are let go before the next one's are read; the number of its job, or why not."""
    data = sources.load(path, settings.max_upload_mb * MEGABYTE)
    if isinstance(data, RejectedFile):
        return data
    return requests.take_in_one(settings, COMMAND_LINE, requests.Upload(path.name, data), patient, bulk)


def _tell(settings: Settings, path: Path, found: int | RejectedFile) -> None:
    if isinstance(found, RejectedFile):
        result({"path": path, "member": None, "status": Status.REJECTED, "image": None, "known": False,
                "reasons": [str(found)]})  # fmt: skip
        return
    for verdict in requests.verdicts(settings.home, COMMAND_LINE, [found]):
        result({"path": path, "member": verdict.member, "status": verdict.status, "image": verdict.image,
                "known": verdict.known, "reasons": verdict.reasons})  # fmt: skip


def run_worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work on one lane until stopped."""
    lane = Lane(options.lane)
    if lane is Lane.LEARNING:
        os.nice(10)  # before its libraries are loaded: somebody may be waiting for the reading worker to be up
    from cxr_core import worker

    worker.run(settings, lane, options.starter)
    return 0


def run_demo(settings: Settings, options: argparse.Namespace) -> int:
    """Fill an empty home with the demo, and wait until it is there."""
    open_home(settings.home)
    if not accounts.nobody_yet(settings.home) and not is_demo(settings.home):
        return 0  # somebody works here already
    number = starting.ask_for_demo(settings.home)
    say("making the demo: synthetic studies, read by the real model")
    _finished(settings, number)
    return 0


def run_retrain(settings: Settings, options: argparse.Namespace) -> int:
    """Fine-tune on what was flagged, and print the candidate's comparison."""
    check(settings.home)
    admin = people.admin_named(settings.home, COMMAND_LINE, options.by)
    refused_for = tuple(options.refused_for)
    chosen = Options(options.trained, options.epochs, options.learning_rate, options.replay, refused_for)
    if options.dry_run:
        drafted = retraining.preview(settings, admin, chosen)
        result({"table": drafted.table(), "left_out": drafted.left_out, "missing": drafted.missing,
                "not_allowed": drafted.not_allowed, "foreseen": drafted.foreseen, "plan": drafted.plan.name,
                "replayed": drafted.replayed})  # fmt: skip
        return 0
    number = retraining.start(settings, admin, chosen)
    result(_finished(settings, number).result)
    return 0


def run_export_set(settings: Settings, options: argparse.Namespace) -> int:
    """Write a training set out as a folder of files with its manifest."""
    check(settings.home)
    found = exporting.export(settings, COMMAND_LINE, options.training_set, options.folder)
    result({"training_set": found.training_set, "folder": options.folder, "files": found.files})
    return 0


def _finished(settings: Settings, number: int) -> Job:
    """The learning lane's job with this number, done. Raises BadInput if it failed."""
    (job,) = work_off(settings, Lane.LEARNING, [number])
    if job.state is JobState.FAILED:
        raise BadInput(job.error or "the program failed at this")
    return job


def run_verify(settings: Settings, options: argparse.Namespace) -> int:
    """Check the audit chain, every image file and every model; 1 if something isn't what was written."""
    check(settings.home)
    found = verify(settings.home, COMMAND_LINE)
    result(found)
    say_unchecked(found["not_checked"])
    if found["problems"]:
        raise IntegrityError("; ".join(found["problems"]))
    return 0


def work_off(settings: Settings, lane: Lane, numbers: Iterable[int]) -> list[Job]:
    """Wait for jobs; where no worker of the lane is alive, do them here."""
    from cxr_core.worker import standing_in

    wanted, last = list(numbers), ""
    with standing_in(settings, lane) as work:
        while True:
            found = requests.jobs_of(settings.home, COMMAND_LINE, wanted)
            if not any(job.state.is_open for job in found):
                return found
            if not work():
                time.sleep(LOOK_SECONDS)
            running = next((job for job in found if job.state is JobState.RUNNING), None)
            if running and str(running.progress) != last:
                last = str(running.progress)
                say(last)
