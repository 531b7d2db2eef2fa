"""Retraining, as the admin asks for it: start, progress, and the decision on the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import Conflict, NotAllowed
from cxr_core.model.card import is_usable
from cxr_core.records import Job, Lane, Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, jobs, models, plans, training_sets
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import OVERSIGHT, READING_ROOM, open_to
from cxr_core.work.keeping import room
from cxr_core.work.models import change_plan, checkpoints, shadowing
from cxr_core.work.models.change_plan import ChangePlan
from cxr_core.work.models.deciding import candidate_card, decide
from cxr_core.work.models.drafting import Draft, Options, State, draft, state_of

RETRAIN = "retrain"
REPREDICT = "repredict"
OPEN = (None, "approve")
"""Last decisions on a model after which it is still a candidate."""


@dataclass(frozen=True)
class Approvals:
    """How far a candidate is from being put to use."""

    names: tuple[str, ...]
    """The admins who have approved it."""
    wanted: int
    """How many more must."""
    plan: ChangePlan
    """That says so."""


@open_to(*OVERSIGHT)
def preview(settings: Settings, user: User, options: Options) -> Draft:
    """What `start` would train on now, and what is missing."""
    return draft(settings, user, options)


@open_to(*OVERSIGHT)
def state(home: Path, user: User) -> State:
    """What a preview depends on: while this stays the same, so does what it shows."""
    with opened(home) as db:
        return state_of(db, change_plan.site_plan(home, db))


@open_to(Role.ADMIN)
def start(settings: Settings, user: User, options: Options) -> int:
    """Fix the training set and queue the retrain; returns the job's number.

    Raises NotAllowed if the plan doesn't list what is asked for, which is put on record; Conflict if a retrain is open
    or something is missing; OutOfRoom where the disk is nearly full.
    """
    room.require(settings)
    drafted = draft(settings, user, options)
    if drafted.not_allowed:
        _refused(settings.home, user, drafted)
    with opened(settings.home) as db, transaction(db):
        if any(job.state.is_open for job in jobs.newest(db, RETRAIN)):
            raise Conflict("a retrain is under way: wait for it, or cancel it")
        training_set = fix(db, user, options, drafted)
        job = jobs.ask(db, jobs.Request(RETRAIN, Lane.LEARNING, {"training_set": training_set}, user.id))
        audit.record(db, user.name, "start retrain", training_set, job=job, images=len(drafted.items))
        return job


def fix(db: Database, user: User, options: Options, drafted: Draft) -> str:
    """Write a draft down as a training set, within the caller's transaction; returns its name.

    Raises Conflict if something is missing, or what the draft was made from has changed since.
    """
    if drafted.objections:
        raise Conflict("; ".join(drafted.objections))
    if drafted.state != state_of(db, drafted.plan):
        raise Conflict("reads, patients or the model in use have changed meanwhile: start again")
    manifest = {
        "parent": models.running(db), "options": asdict(options), "plan": plans.keep(db, drafted.plan.text),
        "items": sorted(drafted.items, key=lambda item: (item["side"], item["image"])),
    }  # fmt: skip
    return training_sets.add(db, manifest, user.id)


def _refused(home: Path, user: User, drafted: Draft) -> None:
    why = "; ".join(drafted.not_allowed)
    with opened(home) as db, transaction(db):
        audit.record(db, user.name, "ask for a retrain against the plan", plans.keep(db, drafted.plan.text), why=why)
    raise NotAllowed(why)


@open_to(Role.ADMIN)
def cancel(home: Path, user: User, job: int) -> None:
    """Stop a retrain that waits or runs: no candidate comes of it."""
    with opened(home) as db, transaction(db):
        if jobs.get(db, job).kind != RETRAIN or not jobs.cancel(db, job, f"cancelled by {user.name}"):
            raise Conflict("this retrain has ended already")
        audit.record(db, user.name, "cancel retrain", str(job))
    checkpoints.remove(home)


@open_to(*READING_ROOM)
def newest_job(home: Path, user: User) -> Job | None:
    """The last retrain, with its progress (`epoch`, `epochs`, `history`) or result (`candidate`, `gate`)."""
    with opened(home) as db:
        return next(iter(jobs.newest(db, RETRAIN)), None)


@open_to(*READING_ROOM)
def candidate(home: Path, user: User) -> dict[str, Any] | None:
    """The newest model on which nothing has been decided, with its card, or None."""
    with opened(home) as db:
        return next((row for row in models.all_models(db) if row["parent"] and row["action"] in OPEN), None)


@open_to(*READING_ROOM)
def approvals(home: Path, user: User, model: str) -> Approvals:
    """Who has approved a candidate, and how many more admins its plan asks for."""
    with opened(home) as db:
        return _approvals(db, home, model)


@open_to(Role.ADMIN)
def promote(home: Path, user: User, model: str, reason: str) -> bool:
    """Approve a candidate; with the last approval that its plan asks for it is put to use: what waits is read again.

    Returns whether it is in use now. Raises Conflict if its gate says no, or compared it with a model that is no longer
    the running one, or the user has approved it already; NotAllowed if the plan names others.
    """
    with opened(home) as db, transaction(db):
        gate = candidate_card(db, model)["metrics"].get("gate", {})
        if not gate.get("passed"):
            raise Conflict("; ".join(gate.get("reasons", [])) or f"{model} has no gate report")
        if (running := models.running(db)) != gate.get("running"):
            raise Conflict(f"{model} was not held against {running}, which runs now: retrain")
        so_far = _approvals(db, home, model)
        _may_approve(so_far, user)
        if so_far.wanted > 1:
            decide(db, user, model, "approve", reason)
            return False
        _put_to_use(db, user, model, "promote", reason)
        shadowing.end_of(db, user, model)
        return True


@open_to(Role.ADMIN)
def refuse(home: Path, user: User, model: str, reason: str) -> None:
    """Decide against a candidate; it stays on record."""
    with opened(home) as db, transaction(db):
        candidate_card(db, model)
        decide(db, user, model, "refuse", reason)
        shadowing.end_of(db, user, model)


@open_to(Role.ADMIN)
def roll_back(home: Path, user: User, model: str, reason: str) -> None:
    """Put an earlier model to use again. Raises Conflict unless it was in use before and isn't now."""
    with opened(home) as db, transaction(db):
        if model == models.running(db) or model not in _once_running(db):
            raise Conflict(f"{model} can't be rolled back to: choose a model that was in use before")
        _put_to_use(db, user, model, "roll back", reason)


@open_to(*READING_ROOM)
def earlier_models(home: Path, user: User) -> list[str]:
    """The models that one can roll back to, latest in use first."""
    with opened(home) as db:
        running = models.running(db)
        return [name for name in reversed(_once_running(db)) if name != running]


def _approvals(db: Database, home: Path, model: str) -> Approvals:
    names = tuple(row["decided_by_name"] for row in models.decisions_on(db, model) if row["action"] == "approve")
    plan = _plan_of(db, home, model)
    return Approvals(names, max(0, plan.approval.approvals - len(names)), plan)


def _plan_of(db: Database, home: Path, model: str) -> ChangePlan:
    """The plan that a model was made under; the one in force for those of versions that had none."""
    sha256 = models.card(db, model)["data"].get("plan")
    return change_plan.kept(db, sha256) if sha256 else change_plan.site_plan(home, db)


def _may_approve(so_far: Approvals, user: User) -> None:
    if not so_far.plan.approval.is_open_to(user):
        names = ", ".join(so_far.plan.approval.approvers)
        raise NotAllowed(f"the plan {so_far.plan.name} leaves approving to {names}")
    if user.name in so_far.names:
        raise Conflict(f"you have approved it already; {so_far.wanted} more must, each somebody else")


def _once_running(db: Database) -> list[str]:
    """Every model that was ever in use, wasn't retired and that this version can use, in the order of its first use."""
    names = dict.fromkeys(row["model"] for row in models.decisions(db) if row["action"] in models.PUT_TO_USE)
    retired = models.retired(db)
    return [name for name in names if name not in retired and is_usable(models.card(db, name))]


def _put_to_use(db: Database, user: User, model: str, action: str, reason: str) -> None:
    decide(db, user, model, action, reason)
    jobs.ask(db, jobs.Request(REPREDICT, Lane.READING, {"model": model}, user.id, bulk=True))
