"""Shadow mode: until it is decided on, a candidate judges what comes in beside the running model, unseen by readers.

Its predictions lie in a table of their own, which nothing that readers ask for looks at.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.drift.conduct import Share, kappa
from cxr_core.errors import Conflict
from cxr_core.model.card import is_usable
from cxr_core.records import CLASSES, Label, Lane, Role, User
from cxr_core.store import audit, jobs, models, shadows
from cxr_core.store.db import opened, transaction
from cxr_core.store.shadows import Shadow
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.models.deciding import candidate_card, given

SHADOW = "shadow"
LABELS = {"candidate": "label", "running": "running_label"}
"""The column with what each model says of an image."""
Row = dict[str, Any]


@open_to(Role.ADMIN)
def start(home: Path, user: User, model: str, reason: str) -> None:
    """Let a candidate predict beside the running model, on what comes in from now on.

    Raises BadInput without a reason, NotFound for no such model, Conflict unless it is a candidate that nothing was
    decided on, and none predicts already.
    """
    with opened(home) as db, transaction(db):
        if found := shadows.current(db):
            raise Conflict(f"{found.model} predicts beside the running model already: end that first")
        if not is_usable(candidate_card(db, model)):
            raise Conflict(f"{model} was made by another version of the program, and can't predict: retrain")
        shadows.start(db, model, user.id)
        audit.record(db, user.name, "start shadow", model, reason=given(reason))


@open_to(Role.ADMIN)
def end(home: Path, user: User) -> None:
    """Let the candidate predict no more; what it said stays. Raises Conflict where none does."""
    with opened(home) as db, transaction(db):
        found = shadows.current(db)
        if found is None:
            raise Conflict("no candidate predicts beside the running model: it was ended, or decided on")
        end_of(db, user, found.model)


@open_to(*OVERSIGHT)
def standing(home: Path, user: User) -> Shadow | None:
    """The candidate that predicts beside the running model, or None."""
    with opened(home) as db:
        return shadows.current(db)


def end_of(db: Database, user: User, model: str) -> None:
    """End the shadow of a model that is decided on, within the caller's transaction; nothing where it has none."""
    found = shadows.current(db)
    if found and found.model == model:
        shadows.end(db)
        audit.record(db, user.name, "end shadow", model)


def ask(db: Database) -> None:
    """Have the candidate, if one predicts, judge what it hasn't yet, within the transaction that takes an image in.

    One job does a batch, and goes after all that somebody waits for.
    """
    found = shadows.current(db)
    if found and not jobs.open_about(db, SHADOW, {"model": found.model}):
        jobs.ask(db, jobs.Request(SHADOW, Lane.READING, {"model": found.model}, bulk=True))


@open_to(*OVERSIGHT)
def report(home: Path, user: User) -> dict[str, Any]:
    """The candidate that was last in the shadow beside the model that runs now; empty where none ever was.

    `candidate`, `running`, `started_at`, `ended_at`, `error` (why its last job failed, or None); `n`: images that both
    have judged, and of these `refused` and `uncertain`, a Share for each model; `answered`: those on which both give
    an opinion, with `same`, the Share of the same label, `kappa` (None where too few), `difference`, the candidate's
    mean probability minus the running one's (None of none), and `points`: (running probability, the candidate's, what
    readers found or None) of each; `right`: for each model the Share that is as readers found, of images on which both
    say Normal or Pneumonia.
    """
    with opened(home) as db:
        shadow, running, tried = shadows.newest(db), models.running(db), jobs.newest(db, SHADOW)
        found = shadows.beside(db, shadow.model, running) if shadow else []
    if shadow is None:
        return {}
    return {
        "candidate": shadow.model, "running": running, "started_at": shadow.started_at, "ended_at": shadow.ended_at,
        "error": tried[0].error if tried else None, **_compared(found),
    }  # fmt: skip


def _compared(found: list[Row]) -> dict[str, Any]:
    answered = [row for row in found if row["label"] and row["running_label"]]
    committed = [row for row in answered if row["label"] in CLASSES and row["running_label"] in CLASSES]
    read = [row for row in committed if row["found"]]
    differences = [row["probability"] - row["running_probability"] for row in answered]
    return {
        "n": len(found),
        "refused": {name: _share(row[label] is None for row in found) for name, label in LABELS.items()},
        "uncertain": {name: _share(row[label] == Label.UNCERTAIN for row in found) for name, label in LABELS.items()},
        "answered": len(answered),
        "same": _share(row["label"] == row["running_label"] for row in answered),
        "kappa": kappa((row["label"], row["running_label"]) for row in answered),
        "difference": sum(differences) / len(differences) if differences else None,
        "points": [(row["running_probability"], row["probability"], row["found"]) for row in answered],
        "right": {name: _share(row[label] == row["found"] for row in read) for name, label in LABELS.items()},
    }


def _share(hits: Iterable[bool]) -> Share:
    found = list(hits)
    return Share(sum(found), len(found))
