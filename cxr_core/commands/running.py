"""import, worker, migrate, users, demo, retrain, drift, verify: what works on a home."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from cxr_core.commands.output import result, say
from cxr_core.errors import BadInput, IntegrityError, NotFound, RejectedFile
from cxr_core.records import Job, JobState, Lane, Role, Status
from cxr_core.settings import Settings
from cxr_core.store.migrations import check
from cxr_core.work import accounts, monitoring, requests, retraining, sources, starting
from cxr_core.work.opening import is_demo, open_home
from cxr_core.work.planning import Options
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
    for batch in sources.batched(sources.walk(options.paths), AT_ONCE):
        _import(settings, batch, options.patient)
    return 0


def _import(settings: Settings, batch: list[Path], patient: str | None) -> None:
    found = [(path, sources.load(path, settings.max_upload_mb * requests.MEGABYTE)) for path in batch]
    uploads = [requests.Upload(path.name, data) for path, data in found if isinstance(data, bytes)]
    numbers = requests.take_in(settings, None, uploads, patient)
    unpacked = _work_off(settings, Lane.READING, numbers)
    _work_off(settings, Lane.READING, [number for job in unpacked for number in job.result.get("members", [])])
    waiting = iter(numbers)
    for path, data in found:
        if isinstance(data, RejectedFile):
            result({"path": path, "member": None, "status": Status.REJECTED, "image": None, "known": False,
                    "reasons": [str(data)]})  # fmt: skip
            continue
        for verdict in requests.verdicts(settings.home, [next(waiting)]):
            result({"path": path, "member": verdict.member, "status": verdict.status, "image": verdict.image,
                    "known": verdict.known, "reasons": verdict.reasons})  # fmt: skip


def run_worker(settings: Settings, options: argparse.Namespace) -> int:
    """Work on one lane until stopped."""
    from cxr_core import worker

    worker.run(settings, Lane(options.lane), options.starter)
    return 0


def run_migrate(settings: Settings, options: argparse.Namespace) -> int:
    """Make the home, or bring it up to date."""
    result({"home": str(settings.home), "steps": open_home(settings.home)})
    return 0


def run_users_add(settings: Settings, options: argparse.Namespace) -> int:
    """A new account; the password is asked for, or read as a line from standard input."""
    open_home(settings.home)
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    user = accounts.add_user(settings.home, options.name, Role(options.role), password)
    result({"name": user.name, "role": user.role})
    return 0


def run_demo(settings: Settings, options: argparse.Namespace) -> int:
    """Fill an empty home with the demo, and wait until it is there."""
    open_home(settings.home)
    if not accounts.nobody_yet(settings.home) and not is_demo(settings.home):
        return 0  # somebody works here already
    number = starting.ask_for_demo(settings.home)
    say("making the demo: synthetic studies, read by the real model")
    _work_off(settings, Lane.LEARNING, [number])
    return 0


def run_retrain(settings: Settings, options: argparse.Namespace) -> int:
    """Fine-tune on what was flagged, and print the candidate's comparison."""
    check(settings.home)
    admin = accounts.admin_named(settings.home, options.by)
    chosen = Options(options.trained, options.epochs, options.learning_rate, options.replay)
    if options.dry_run:
        planned = retraining.preview(settings, admin, chosen)
        result({"table": planned.table(), "left_out": planned.left_out, "missing": planned.missing})
        return 0
    number = retraining.start(settings, admin, chosen)
    job = _work_off(settings, Lane.LEARNING, [number])[0]
    if job.state is JobState.FAILED:
        raise BadInput(job.error or "the retrain failed")
    result(job.result)
    return 0


def run_drift(settings: Settings, options: argparse.Namespace) -> int:
    """The signals of the drift page as JSON."""
    check(settings.home)
    result(monitoring.drift_now(settings.home, options.days))
    return 0


def run_verify(settings: Settings, options: argparse.Namespace) -> int:
    """Check the audit chain, every image file and every model; 1 if something isn't what was written."""
    check(settings.home)
    found = verify(settings.home)
    result(found)
    if found["problems"]:
        raise IntegrityError("; ".join(found["problems"]))
    return 0


def _work_off(settings: Settings, lane: Lane, numbers: Iterable[int]) -> list[Job]:
    """Wait for jobs; where no worker of the lane is alive, do them here."""
    from cxr_core.worker import standing_in

    wanted, last = list(numbers), ""
    with standing_in(settings, lane) as work:
        while True:
            found = requests.jobs_of(settings.home, wanted)
            if all(job.state in (JobState.DONE, JobState.FAILED) for job in found):
                return found
            if not work():
                time.sleep(LOOK_SECONDS)
            running = next((job for job in found if job.state is JobState.RUNNING), None)
            if running and str(running.progress) != last:
                last = str(running.progress)
                say(last)
