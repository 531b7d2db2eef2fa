"""The service's own figures for Prometheus: queues, workers, disk, sessions, deliveries, and what waits longest."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from cxr_core import __version__, clock
from cxr_core.records import DeliveryState, Lane
from cxr_core.settings import Settings
from cxr_core.store import (
    alarms,
    deliveries,
    gauges,
    images,
    listeners,
    messages,
    models,
    sessions,
    workers,
)  # fmt: skip
from cxr_core.store.db import FILE, opened
from cxr_core.work.exposition import family
from cxr_core.work.keeping import last_backup
from cxr_core.work.service import health

FAILED_SIGN_INS = ("failed sign in", "refused sign in")
"""What the audit chain calls them: a wrong name or password, and the hospital's sign-in."""
_counted: dict[Path, tuple[int, int]] = {}
"""Of each home, sign-ins that failed up to a row of the chain, which grows for ever and never changes."""


def figures(settings: Settings) -> str:
    """Every figure, one a line, with what it is. Who may ask is for the way in to say: none is of a patient."""
    with opened(settings.home) as db:
        return "".join((_about_program(settings, db), _about_jobs(db), _about_machine(settings.home, db),
                        _about_people(settings, db), _about_hospital(db)))  # fmt: skip


def _about_program(settings: Settings, db: Database) -> str:
    ready = health.readiness(settings)
    return "".join((
        family("cxr_info", "gauge", "Version of the program, and the model in use.",
               [({"version": __version__, "model": models.running(db) or ""}, 1)]),
        family("cxr_ready", "gauge", "Whether what an X-ray needs to be read is there: 1, else 0.",
               [({"what": what.replace(" ", "_")}, holds) for what, holds in ready.items()]),
    ))  # fmt: skip


def _about_jobs(db: Database) -> str:
    queues, beats = gauges.queues(db), gauges.last_beats(db)
    return "".join((
        family("cxr_jobs", "gauge", "Jobs that wait or run, by lane.",
               [({"lane": lane, "state": state}, getattr(queue, state))
                for lane, queue in queues.items() for state in ("queued", "running")]),
        family("cxr_jobs_oldest_queued_seconds", "gauge", "How long the job has waited that waits longest; 0 for none.",
               [({"lane": lane}, _since(queue.oldest)) for lane, queue in queues.items()]),
        family("cxr_jobs_failed_total", "counter", "Jobs that failed for good.",
               [({"lane": lane}, queue.failed) for lane, queue in queues.items()]),
        family("cxr_workers", "gauge", "Workers that live, by lane.",
               [({"lane": lane}, len(workers.living(db, lane))) for lane in Lane]),
        family("cxr_worker_heartbeat_age_seconds", "gauge", "Since a worker of the lane was last heard of.",
               [({"lane": lane}, _since(at)) for lane, at in beats.items()]),
        family("cxr_listeners", "gauge", "Listeners on the DICOM network that live.",
               [({}, len(listeners.living(db)))]),
    ))  # fmt: skip


def _about_machine(home: Path, db: Database) -> str:
    disk, backup = shutil.disk_usage(home), last_backup.read(db)
    return "".join((
        family("cxr_disk_free_bytes", "gauge", "Room on the disk of the home.", [({}, disk.free)]),
        family("cxr_disk_size_bytes", "gauge", "Size of that disk.", [({}, disk.total)]),
        family("cxr_database_bytes", "gauge", "Size of the database.", [({}, (home / FILE).stat().st_size)]),
        family("cxr_last_backup_timestamp_seconds", "gauge", "When the last whole backup was made; absent until then.",
               [({}, datetime.fromisoformat(backup.made_at).timestamp())] if backup.made_at else []),
        family("cxr_backup_failed", "gauge", "Whether a backup failed since.", [({}, bool(backup.failed_at))]),
    ))  # fmt: skip


def _about_people(settings: Settings, db: Database) -> str:
    waiting, oldest = gauges.cases_waiting(db)
    return "".join((
        family("cxr_sessions", "gauge", "Sessions that are open.",
               [({}, sessions.how_many(db, settings.session_limits))]),
        family("cxr_sign_ins_failed_total", "counter",
               "Sign-ins with a wrong password or name, or refused at the hospital's.",
               [({}, _failed_sign_ins(settings.home, db))]),
        family("cxr_cases_waiting", "gauge", "X-rays that wait to be read.", [({}, waiting)]),
        family("cxr_oldest_waiting_case_seconds", "gauge", "Since the oldest of them came in; 0 for none.",
               [({}, _since(oldest))]),
        family("cxr_images_total", "counter", "Different X-rays taken in, those erased since included.",
               [({}, images.taken_in(db, clock.stamp())[0])]),
        family("cxr_alarms_open", "gauge", "Alarms of the drift page that nobody has closed.",
               [({}, len(alarms.open_alarms(db)))]),
        family("cxr_messages_waiting", "gauge", "Messages of alarms that are still to go out.",
               [({}, messages.waiting(db))]),
    ))  # fmt: skip


def _about_hospital(db: Database) -> str:
    standing = dict.fromkeys(DeliveryState, 0)
    for row in deliveries.standing(db):
        standing[DeliveryState(row["state"])] += row["n"]
    return family("cxr_deliveries", "gauge", "Answers to archives, by what has become of them.",
                  [({"state": state}, n) for state, n in standing.items()])  # fmt: skip


def _since(stamp: str | None) -> float:
    """Seconds since a stamp; 0 where there is none, or it lies ahead of this clock."""
    return max(0.0, (clock.now() - datetime.fromisoformat(stamp)).total_seconds()) if stamp else 0.0


def _failed_sign_ins(home: Path, db: Database) -> int:
    counted, last = _counted.get(home, (0, 0))
    more, last = gauges.events(db, FAILED_SIGN_INS, last)
    _counted[home] = counted + more, last
    return counted + more
