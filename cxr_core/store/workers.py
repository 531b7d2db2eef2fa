"""The workers that are alive: a row each, with a heartbeat."""

from __future__ import annotations

import os

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Lane
from cxr_core.store.db import rows

LEASE_SECONDS = 20


def register(db: Database, worker: str, lane: Lane, version: str) -> None:
    """Write this process down as a worker."""
    moment = clock.stamp()
    db.table("workers").insert(
        {"id": worker, "lane": lane.value, "pid": os.getpid(), "version": version,
         "started_at": moment, "heartbeat_at": moment}
    )  # fmt: skip


def beat(db: Database, worker: str) -> bool:
    """Say that this worker is alive; False if it was struck off, for having been silent too long."""
    return db.execute("UPDATE workers SET heartbeat_at = ? WHERE id = ?", (clock.stamp(), worker)).rowcount == 1


def leave(db: Database, worker: str) -> None:
    """Strike this worker off."""
    db.execute("DELETE FROM workers WHERE id = ?", (worker,))


def living(db: Database, lane: Lane | None = None) -> set[str]:
    """The workers (of a lane) that beat within the lease and whose process exists on this machine."""
    found = rows(db, "SELECT id, lane, pid FROM workers WHERE heartbeat_at > ?", (clock.ago(seconds=LEASE_SECONDS),))
    return {row["id"] for row in found if (lane is None or row["lane"] == lane.value) and runs(row["pid"])}


def bury(db: Database, alive: set[str]) -> None:
    """Strike off every worker that isn't alive."""
    for row in rows(db, "SELECT id FROM workers"):
        if row["id"] not in alive:
            leave(db, row["id"])


def runs(pid: int) -> bool:
    """Whether a process exists on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists, under another account
    return True
