"""Whether a destination answers: asked for on a screen, which opens no socket itself, and tried by a job."""

from __future__ import annotations

from pathlib import Path

from cxr_core.records import Job, Lane, User
from cxr_core.store import destinations, jobs
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import NETWORK, NETWORK_SEEN, open_to

ECHO = "echo"
_MOST = 100
"""Jobs that are looked through for the newest of each destination."""


@open_to(*NETWORK)
def ask(home: Path, user: User, name: str) -> int:
    """Have a destination tried; the number of the job, which may be one that is open already. Raises NotFound."""
    with opened(home) as db, transaction(db):
        found = destinations.named(db, name)
        payload = {"destination": found.id, "address": found.address}
        request = jobs.Request(ECHO, Lane.READING, payload, user.id or None)
        return jobs.open_about(db, ECHO, payload) or jobs.ask(db, request)


@open_to(*NETWORK_SEEN)
def newest(home: Path, user: User) -> dict[int, Job]:
    """The last try of each destination where it is now, by its number.

    A done job's result has the `milliseconds` that it took.
    """
    with opened(home) as db:
        found = jobs.newest(db, ECHO, _MOST)
        now = {each.id: each.address for each in destinations.in_use(db)}
    said = {job.payload["destination"]: job for job in reversed(found)}
    return {number: job for number, job in said.items() if job.payload.get("address") == now.get(number)}
