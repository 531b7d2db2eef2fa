"""Which workers are alive, and the demo that a fresh home may be filled with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import Conflict
from cxr_core.records import Job, JobState, Lane
from cxr_core.store import files, images, jobs, models, site, users, workers
from cxr_core.store.db import opened, transaction
from cxr_core.work.opening import install_release

MAKE_DEMO = "make demo"
DEMO_DAYS = 36
"""Days back at which the demo's story begins."""


def living_lanes(home: Path) -> set[Lane]:
    """The lanes that have a living worker."""
    with opened(home) as db:
        return {lane for lane in Lane if workers.living(db, lane)}


def ask_for_demo(home: Path) -> int:
    """Queue the making of the demo and return its job's number; the home is a demo from then on.

    Where it is made already and its files are there, nothing is queued; a home that was started from the example
    database has the history without the files, and making the demo again makes them. Raises Conflict for a home
    that somebody works in: its history would be mixed with the story's.
    """
    with opened(home) as db, transaction(db):
        found = jobs.newest(db, MAKE_DEMO)
        if found and (found[0].state.is_open or _is_whole(home, db, found[0])):
            return found[0].id
        if site.get(db, site.DEMO) is None:
            _become_demo(db)
        return jobs.ask(db, jobs.Request(MAKE_DEMO, Lane.LEARNING, {}))


def _is_whole(home: Path, db: Database, made: Job) -> bool:
    stored = (files.path_of(home, row["file_sha256"]) for row in images.all_files(db))
    return made.state is JobState.DONE and all(path.exists() for path in stored)


def _become_demo(db: Database) -> None:
    if users.any_user(db) or images.any_image(db):
        raise Conflict("this home is in use: set CXR_HOME to another folder for a demo")
    site.put(db, site.DEMO, "1")
    _install_at_the_beginning(db)


def _install_at_the_beginning(db: Database) -> None:
    """The demo's story is of the past, so its first model was installed then; nobody has used it here yet."""
    models.forget_all(db)
    with clock.at(clock.now() - timedelta(days=DEMO_DAYS)):
        install_release(db, "the program's release")


def demo_job(home: Path) -> Job | None:
    """The job that makes the demo, with its progress, or None."""
    with opened(home) as db:
        return next(iter(jobs.newest(db, MAKE_DEMO)), None)
