"""Erasing a patient on request: images, reads and copies go, tombstones stay, models that learnt are named."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import Conflict, NotFound
from cxr_core.records import Role, User
from cxr_core.store import arrivals, audit, images, jobs, lineage, quarantine, site, tombstones
from cxr_core.store.db import opened, transaction
from cxr_core.store.quarantine import Held
from cxr_core.work.drift import judging, references, rolling
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.hospital.pulling import FETCH, PULL
from cxr_core.work.incoming import spool
from cxr_core.work.incoming.holding import LOOK
from cxr_core.work.incoming.spool import INTAKE
from cxr_core.work.models.deciding import given
from cxr_core.work.models.lineage import Touched, about, patient_named
from cxr_core.work.models.retraining import RETRAIN
from cxr_core.work.privacy import sweeping

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    """What goes, or went, with a patient."""

    patient: str
    rows: dict[str, int]
    """How many rows of each table."""
    images: list[str]
    models: list[Touched]
    """Those that learnt from the patient stay as they are: retire them, or retrain without the patient."""
    exported: list[dict[str, Any]]
    """Who wrote copies to a folder outside, where the program can't reach them: see OfPatient."""
    finished: bool = False
    """Whether disk and database file keep nothing more; what is left goes at the program's next start."""


@open_to(*OVERSIGHT)
def preview(home: Path, user: User, patient: str) -> Erasure:
    """What `erase` would take away, and the models that learnt from the patient. Raises as `erase` does."""
    with opened(home) as db:
        return _looked_up(db, patient_named(home, db, patient))


@open_to(Role.ADMIN)
def erase(home: Path, user: User, patient: str, reason: str) -> Erasure:
    """Take a patient out of everything but hashes and keyed names; each image leaves a tombstone with the reason.

    So does each object that was held back or refused, whose bytes go, too.

    `patient` is a pseudonym, its beginning, or the site's own identifier, which is kept nowhere. Raises NotFound,
    BadInput without a reason or for what names two patients, Conflict while files come in or a retrain learns from
    the patient.
    """
    why = given(reason, "it is kept with the tombstones")
    with opened(home) as db, transaction(db):
        found = _looked_up(db, patient_named(home, db, patient))
        _require_quiet(db, found.patient)
        _bury(db, user, found.patient, why)
        held = _take_out(db, found.patient, found.images)
        # The reason stays out of the chain, where nothing can ever be taken back.
        audit.record(db, user.name, "erase patient", found.patient, **found.rows)
        site.put(db, sweeping.UNFINISHED, "1")
    return replace(found, finished=_cleared(home, held))


def _cleared(home: Path, held: Sequence[Held]) -> bool:
    """Whether disk and database file keep nothing more; nothing is raised, since the rows are gone whatever comes.

    What is left in the spool goes when a worker sweeps there, the rest at the next start.
    """
    gone = [sweeping.removed(spool.folder(home) / each.payload["spool"]) for each in held]
    try:
        return sweeping.finish(home) and all(gone)
    except (OSError, sqlite3.OperationalError) as error:
        log.warning("what the disk keeps of an erased patient can't be cleared now: %s", error)
        return False


def _looked_up(db: Database, patient: str) -> Erasure:
    found = about(db, patient)
    rows = {**images.said_of(db, patient), "quarantine": quarantine.of_patient(db, patient)}
    if not any(rows.values()):
        when = f": erased on {found.erased[-1]['erased_at'][:10]}" if found.erased else ""
        raise NotFound(f"there is nothing here of {patient}{when}")
    here = [row["id"] for row in found.images]
    return Erasure(patient, rows, here, found.models, found.exported)


def _require_quiet(db: Database, patient: str) -> None:
    """Raises Conflict while something goes on that could keep or bring back what is erased."""
    # Whose a file is, stands in its header: nobody knows before it is read.
    if any(jobs.open_payloads(db, kind) for kind in (FETCH, PULL)):
        raise Conflict("X-rays are still being fetched, and may be this patient's: wait, or break that off")
    if coming := len(jobs.open_payloads(db, INTAKE)):
        raise Conflict(f"{coming} files are still being taken in, and may be this patient's: wait until they are read")
    learnt_from = {row["training_set"] for row in lineage.taken_of(db, patient)}
    if any(payload["training_set"] in learnt_from for payload in jobs.open_payloads(db, RETRAIN)):
        raise Conflict("a retrain is learning from this patient: cancel it first")


def repeat(db: Database, stones: Sequence[dict[str, Any]]) -> None:
    """Erase in an earlier database of the site, within the caller's transaction, what has left these tombstones since.

    Files of its spool are the caller's: whose those that wait to be taken in are, nobody knows.
    """
    for patient in sorted({stone["patient"] for stone in stones}):
        _take_out(db, patient, [row["id"] for row in images.of_patient(db, patient)])
        audit.record(db, "program", "erase patient in a backup", patient)
    tombstones.take_over(db, stones)


def _bury(db: Database, user: User, patient: str, reason: str) -> None:
    """Set the tombstones of all that is here of a patient."""
    for name in sorted({*quarantine.never_taken(db, patient), *arrivals.refused_of(db, patient)}):
        tombstones.add_unread(db, name, patient, reason, user.id or None)
    for row in images.of_patient(db, patient):
        tombstones.add(db, row, patient, reason, user.id or None)


def _take_out(db: Database, patient: str, theirs: Sequence[str]) -> list[Held]:
    """Delete all that is here of a patient, whose images are `theirs`; returns the files that were held back."""
    held = quarantine.erase(db, patient)
    jobs.forget_these(db, [each.job for each in held if each.job])
    jobs.drop_sealed(db, LOOK, clock.stamp())  # a picture of theirs that nobody has fetched; others are made again
    seen_by = references.every_axes(db)
    for image in theirs:
        judging.take_back(db, image)
        rolling.take_back(db, image, seen_by)
    images.erase(db, patient)
    jobs.forget(db, patient, theirs)
    return held
