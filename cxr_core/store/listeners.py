"""What listens on the network now: a row each, with a heartbeat."""

from __future__ import annotations

import os
from dataclasses import dataclass

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store.db import rows
from cxr_core.store.workers import runs

LEASE_SECONDS = 20


@dataclass(frozen=True)
class Listening:
    """One that listens over DICOM, and where."""

    ae_title: str
    host: str
    port: int | None
    """Without encryption; None where that is closed."""
    tls_port: int | None
    started_at: str = ""


def register(db: Database, listener: str, found: Listening) -> None:
    """Write this process down as one that listens; those that have ended, or were silent for too long, go."""
    for row in rows(db, "SELECT id, pid, heartbeat_at FROM listeners"):
        if not _lives(row):
            leave(db, row["id"])
    moment = clock.stamp()
    db.execute(
        "INSERT INTO listeners (id, pid, ae_title, host, port, tls_port, started_at, heartbeat_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (listener, os.getpid(), found.ae_title, found.host, found.port, found.tls_port, moment, moment),
    )


def beat(db: Database, listener: str) -> bool:
    """Say that this one still listens; False if it was struck off, for having been silent too long."""
    return db.execute("UPDATE listeners SET heartbeat_at = ? WHERE id = ?", (clock.stamp(), listener)).rowcount == 1


def leave(db: Database, listener: str) -> None:
    """Strike this one off."""
    db.execute("DELETE FROM listeners WHERE id = ?", (listener,))


def living(db: Database) -> list[Listening]:
    """Those that beat within the lease and whose process exists on this machine, oldest first."""
    found = rows(db, "SELECT * FROM listeners ORDER BY started_at")
    names = ("ae_title", "host", "port", "tls_port", "started_at")
    return [Listening(*(row[name] for name in names)) for row in found if _lives(row)]


def _lives(row: dict[str, object]) -> bool:
    return str(row["heartbeat_at"]) > clock.ago(seconds=LEASE_SECONDS) and runs(int(str(row["pid"])))
