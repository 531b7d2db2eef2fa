"""Checking the audit chain as a worker's job: it takes some seconds for each million rows."""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlite_utils import Database

from cxr_core.records import Job
from cxr_core.store import audit, site
from cxr_core.store.db import opened
from cxr_core.work.auditing.checking import CHECK, CHECKED, checked
from cxr_core.work.doing import Desk, Outcome


def check(desk: Desk, job: Job) -> Outcome:
    """A job: check the chain and its files against themselves and against the ends that reports have told."""
    with opened(desk.home) as db:
        found = checked(db, desk.home)

    def write(db: Database) -> None:
        site.put(db, CHECKED, json.dumps(asdict(found)))
        audit.record(db, job.payload["by"], CHECK, "", events=found.events, whole=not found.problem)

    return Outcome(asdict(found), write)
