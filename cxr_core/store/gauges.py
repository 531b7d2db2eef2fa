"""Counts over all tables for what monitors the service: cheap enough for every few seconds, and of nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.records import JobState, Lane
from cxr_core.store.db import count, one, rows


@dataclass(frozen=True)
class Queue:
    """The jobs of one lane."""

    queued: int
    running: int
    failed: int
    """Since the home was made."""
    oldest: str | None
    """When the one that waits longest was asked for."""


def queues(db: Database) -> dict[Lane, Queue]:
    """The jobs of each lane."""
    found = {(row["lane"], row["state"]): row for row in rows(db, _JOBS)}
    return {lane: _queue(found, lane) for lane in Lane}


_JOBS = """
SELECT lane, state, count(*) AS n,
       CASE state WHEN 'queued' THEN (
           SELECT min(created_at) FROM jobs q WHERE q.state = 'queued' AND q.lane = jobs.lane) END AS oldest
FROM jobs WHERE state IN ('queued', 'running', 'failed') GROUP BY state, lane
"""


def _queue(found: dict[tuple[str, str], dict[str, Any]], lane: Lane) -> Queue:
    numbers = {state: found.get((lane.value, state.value), {"n": 0})["n"] for state in JobState}
    oldest = found.get((lane.value, JobState.QUEUED.value), {"oldest": None})["oldest"]
    return Queue(numbers[JobState.QUEUED], numbers[JobState.RUNNING], numbers[JobState.FAILED], oldest)


def last_beats(db: Database) -> dict[Lane, str]:
    """When a worker of each lane was last heard of, where there is one."""
    found = rows(db, "SELECT lane, max(heartbeat_at) AS at FROM workers GROUP BY lane")
    return {Lane(row["lane"]): row["at"] for row in found}


def cases_waiting(db: Database) -> tuple[int, str | None]:
    """How many images wait to be read, and when the oldest of them came in."""
    waiting = count(db, "SELECT count(*) FROM images WHERE slots_open > 0")
    oldest = one(db, "SELECT received_at AS at FROM images WHERE slots_open > 0 ORDER BY received_at, id LIMIT 1")
    return waiting, oldest["at"] if oldest else None


def events(db: Database, actions: Sequence[str], after: int) -> tuple[int, int]:
    """How many events of some kinds the audit chain has behind row `after`, and the number of its last row."""
    found = one(
        db,
        "SELECT count(*) FILTER (WHERE action IN (SELECT value FROM json_each(?))) AS n, "
        "coalesce(max(id), ?) AS last FROM audit WHERE id > ?",
        (json.dumps(actions), after, after),
    )
    return (found["n"], found["last"]) if found else (0, after)


def has_weights(db: Database, sha256: str) -> bool:
    """Whether the database has the tensors with this hash."""
    return one(db, "SELECT 1 FROM weights WHERE sha256 = ?", (sha256,)) is not None


def answers(db: Database) -> bool:
    """Whether the database can be read at all."""
    return count(db, "SELECT count(*) FROM sqlite_master") > 0
