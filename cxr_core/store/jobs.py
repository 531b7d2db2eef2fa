"""Jobs as rows: asked for by screens, claimed by one worker, taken over when that worker dies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import NotFound
from cxr_core.records import Job, JobState, Lane, Status
from cxr_core.store.db import count, one, rows

MOST_ATTEMPTS = 3
_OF_WHAT = ": it crashed, hung or was killed, as its log says"


@dataclass(frozen=True)
class Request:
    """A job to be queued."""

    kind: str
    lane: Lane
    payload: dict[str, Any]
    asked_by: int | None = None
    bulk: bool = False
    """One of many: single files go before it."""


def ask(db: Database, request: Request) -> int:
    """Queue a job and return its number."""
    row = (
        request.kind, request.lane.value, int(request.bulk), json.dumps(request.payload), request.asked_by,
        clock.stamp(),
    )  # fmt: skip
    sql = "INSERT INTO jobs (kind, lane, bulk, payload, asked_by, created_at) VALUES (?, ?, ?, ?, ?, ?)"
    return int(db.conn.execute(sql, row).lastrowid or 0)  # as it is: looking the table up first costs more than the row


def claim(db: Database, lane: Lane, worker: str, kinds: Iterable[str] | None = None) -> Job | None:
    """Take the oldest queued job of a lane, if need be of some kinds, or None; a conditional update, so one gets it."""
    found = one(
        db,
        "SELECT id FROM jobs WHERE lane = :lane AND state = 'queued' "
        "AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds))) ORDER BY bulk, id LIMIT 1",
        {"lane": lane.value, "kinds": None if kinds is None else json.dumps(list(kinds))},
    )
    if found is None:
        return None
    taken = db.execute(
        "UPDATE jobs SET state = 'running', worker = ?, heartbeat_at = ?, attempts = attempts + 1 "
        "WHERE id = ? AND state = 'queued'",
        (worker, clock.stamp(), found["id"]),
    )
    return get(db, found["id"]) if taken.rowcount == 1 else None


def beat(db: Database, job: int, worker: str, progress: dict[str, Any] | None = None) -> bool:
    """Say that the job is alive, and how far it is; False if it is no longer this worker's."""
    changed = db.execute(
        "UPDATE jobs SET heartbeat_at = ?, progress = coalesce(?, progress) "
        "WHERE id = ? AND worker = ? AND state = 'running'",
        (clock.stamp(), json.dumps(progress) if progress is not None else None, job, worker),
    )
    return changed.rowcount == 1


def finish(db: Database, job: int, worker: str, result: dict[str, Any]) -> bool:
    """Mark the job done, within the caller's transaction; False if it is no longer this worker's."""
    return _end(db, job, worker, JobState.DONE, result, None)


def fail(db: Database, job: int, worker: str, error: str) -> bool:
    """Mark the job failed for the reason given; False if it is no longer this worker's."""
    return _end(db, job, worker, JobState.FAILED, {}, error)


def _end(db: Database, job: int, worker: str, state: JobState, result: dict[str, Any], error: str | None) -> bool:
    changed = db.execute(
        f"UPDATE jobs SET state = ?, result = ?, error = ?, finished_at = ?, {_UNSEALED} "
        "WHERE id = ? AND worker = ? AND state = 'running'",
        (state.value, json.dumps(result), error, clock.stamp(), job, worker),
    )
    return changed.rowcount == 1


_UNSEALED = "payload = iif(payload ->> 'sealed' IS NULL, payload, json_remove(payload, '$.sealed'))"
"""What a job needed to know of patients ends with it."""


def cancel(db: Database, job: int, why: str) -> bool:
    """End an open job from outside; its worker learns of it at its next beat. False if it had ended."""
    changed = db.execute(
        f"UPDATE jobs SET state = 'failed', error = ?, finished_at = ?, {_UNSEALED} "
        "WHERE id = ? AND state IN ('queued', 'running')",
        (why, clock.stamp(), job),
    )
    return changed.rowcount == 1


def put_back(db: Database, job: int, worker: str) -> None:
    """Queue a job of this worker's again; the attempt counts."""
    db.execute(
        "UPDATE jobs SET state = 'queued', worker = NULL WHERE id = ? AND worker = ? AND state = 'running'",
        (job, worker),
    )


def hand_back(db: Database, worker: str) -> int:
    """Queue again what a worker held; for a worker that is being stopped, the attempt isn't counted."""
    return db.execute(
        "UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1 "
        "WHERE worker = ? AND state = 'running'",
        (worker,),
    ).rowcount


def take_over(db: Database, living: set[str]) -> list[Job]:
    """Queue again the jobs of dead workers; those that killed MOST_ATTEMPTS workers fail instead, and are returned."""
    orphans = [row for row in rows(db, "SELECT * FROM jobs WHERE state = 'running'") if row["worker"] not in living]
    for row in orphans:
        last = row["attempts"] >= MOST_ATTEMPTS
        db.execute(
            f"UPDATE jobs SET state = ?, error = ?, finished_at = ?{', ' + _UNSEALED if last else ''} "
            "WHERE id = ? AND worker = ? AND state = 'running'",
            (
                "failed" if last else "queued",
                f"the worker died {row['attempts']} times at this job{_OF_WHAT}" if last else None,
                clock.stamp() if last else None,
                row["id"],
                row["worker"],
            ),
        )
    return [get(db, row["id"]) for row in orphans if row["attempts"] >= MOST_ATTEMPTS]


def get(db: Database, job: int) -> Job:
    """The job with this number. Raises NotFound."""
    row = one(db, "SELECT * FROM jobs WHERE id = ?", (job,))
    if row is None:
        raise NotFound(f"there is no job {job}")
    return _job(row)


def these(db: Database, numbers: Iterable[int]) -> list[Job]:
    """The jobs with these numbers, in their order. Raises NotFound for the first that isn't there."""
    wanted = list(numbers)
    found = rows(db, "SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(wanted),))
    by_number = {row["id"]: _job(row) for row in found}
    if missing := [number for number in wanted if number not in by_number]:
        raise NotFound(f"there is no job {missing[0]}")
    return [by_number[number] for number in wanted]


def newest(db: Database, kind: str, limit: int = 1) -> list[Job]:
    """The latest jobs of a kind, newest first."""
    return [_job(row) for row in rows(db, "SELECT * FROM jobs WHERE kind = ? ORDER BY id DESC LIMIT ?", (kind, limit))]


def open_about(db: Database, kind: str, payload: dict[str, Any]) -> int | None:
    """The number of the queued or running job of a kind that is about exactly this, or None."""
    found = one(
        db, "SELECT id FROM jobs WHERE state IN ('queued', 'running') AND kind = ? AND payload = ?",
        (kind, json.dumps(payload)),
    )  # fmt: skip
    return found["id"] if found else None


def open_of(db: Database, kind: str, name: str, value: int) -> list[int]:
    """The numbers of the queued and running jobs of a kind whose payload has this value under this name."""
    found = rows(
        db,
        "SELECT id FROM jobs WHERE state IN ('queued', 'running') AND kind = ? AND payload ->> ('$.' || ?) = ?",
        (kind, name, value),
    )
    return [row["id"] for row in found]


def is_queued(db: Database, kind: str) -> bool:
    """Whether a job of a kind waits."""
    return one(db, "SELECT 1 FROM jobs WHERE kind = ? AND state = 'queued' LIMIT 1", (kind,)) is not None


def follow(db: Database, job: int, next_: int) -> None:
    """Note in a job's result that another job, which is `followed_by` there, goes on with what it dealt with."""
    db.execute("UPDATE jobs SET result = json_set(result, '$.followed_by', ?) WHERE id = ?", (next_, job))


def take_sealed(db: Database, job: int) -> str | None:
    """What a job's result has sealed for who asked, which is gone then; None where it is or never was."""
    found = one(db, "SELECT result ->> 'sealed' AS sealed FROM jobs WHERE id = ?", (job,))
    if found is None or found["sealed"] is None:
        return None
    db.execute("UPDATE jobs SET result = json_remove(result, '$.sealed') WHERE id = ?", (job,))
    return str(found["sealed"])


def drop_sealed(db: Database, kind: str, before: str) -> None:
    """Drop what nobody took, of the jobs of a kind that ended before a stamp: the key to it is lost by then."""
    db.execute(
        "UPDATE jobs SET result = json_remove(result, '$.sealed') "
        "WHERE kind = ? AND state = 'done' AND finished_at < ? AND result ->> 'sealed' IS NOT NULL",
        (kind, before),
    )


def is_waited_for(db: Database, lane: Lane, seconds: float) -> bool:
    """Whether a job that isn't one of many is queued in a lane, or was asked for in the last `seconds`."""
    found = one(
        db, "SELECT 1 FROM jobs WHERE lane = ? AND NOT bulk AND (state = 'queued' OR created_at > ?)",
        (lane.value, clock.ago(seconds=seconds)),
    )  # fmt: skip
    return found is not None


def open_payloads(db: Database, kind: str) -> list[dict[str, Any]]:
    """What the queued and running jobs of a kind are about."""
    found = rows(db, "SELECT payload FROM jobs WHERE state IN ('queued', 'running') AND kind = ?", (kind,))
    return [json.loads(row["payload"]) for row in found]


def failed_payloads(db: Database, kind: str, name: str) -> list[dict[str, Any]]:
    """What the failed jobs of a kind were about that have something under this name."""
    found = rows(
        db,
        "SELECT payload FROM jobs WHERE state = 'failed' AND kind = ? AND payload ->> ('$.' || ?) IS NOT NULL",
        (kind, name),
    )
    return [json.loads(row["payload"]) for row in found]


def open_from_network(db: Database, kind: str) -> int:
    """How many queued and running jobs of a kind are about something that a sender of the network brought."""
    return count(
        db,
        "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') AND kind = ? "
        "AND payload ->> 'sender' IS NOT NULL",
        (kind,),
    )


def forget(db: Database, patient: str, images: Iterable[str]) -> None:
    """Take an erased patient out of every job, within the caller's transaction: open ones about the images end."""
    forget_images(db, images)
    db.execute(
        "UPDATE jobs SET payload = json_remove(payload, '$.patient') WHERE payload ->> 'patient' = ?", (patient,)
    )


def forget_images(db: Database, images: Iterable[str], why: str = "") -> None:
    """Take images that are gone out of every job, within the caller's transaction: open ones about them end."""
    words = why or _WHY
    db.execute(
        "UPDATE jobs SET payload = json_remove(payload, '$.image', '$.patient'), progress = '{}', result = :result, "
        "finished_at = coalesce(finished_at, :now), error = iif(state = 'done', NULL, :why), "
        "state = iif(state = 'done', 'done', 'failed') "
        "WHERE coalesce(payload ->> 'image', result ->> 'image') IN (SELECT value FROM json_each(:images))",
        {"result": json.dumps({**_ERASED, "reasons": [words]}), "now": clock.stamp(), "why": words,
         "images": json.dumps(list(images))},
    )  # fmt: skip


def forget_these(db: Database, numbers: Iterable[int]) -> None:
    """Let the results of jobs say that what they dealt with was erased, within the caller's transaction."""
    db.execute(
        "UPDATE jobs SET result = ? WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(_ERASED), json.dumps(list(numbers))),
    )


_WHY = "This X-ray was erased on request."
_ERASED = {"status": Status.REJECTED, "reasons": [_WHY], "code": "erased"}


def _job(row: dict[str, Any]) -> Job:
    return Job(
        id=row["id"], kind=row["kind"], lane=Lane(row["lane"]), state=JobState(row["state"]),
        payload=json.loads(row["payload"]), progress=json.loads(row["progress"]), result=json.loads(row["result"]),
        error=row["error"], attempts=row["attempts"], created_at=row["created_at"], finished_at=row["finished_at"],
    )  # fmt: skip
