"""The stop switch: no model's opinion is shown to anybody, until a named admin lifts the stop.

It is thrown by hand, or by the plan's rule: where the running model misses too many pneumonias of the blinded audit.
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from sqlite_utils import Database

from cxr_core.drift.conduct import Share
from cxr_core.errors import BadInput, Conflict
from cxr_core.records import CLASSES, Label, Role, User
from cxr_core.store import audit, models, reads, stops
from cxr_core.store.db import opened, transaction
from cxr_core.store.stops import Stop
from cxr_core.work.guarding import EVERYBODY, READING_ROOM, open_to
from cxr_core.work.models.change_plan import site_plan
from cxr_core.work.models.deciding import given

log = logging.getLogger(__name__)


@open_to(Role.ADMIN)
def stop(home: Path, user: User, reason: str) -> None:
    """Switch every model's opinion off, for everybody and everywhere. Raises BadInput, or Conflict where it is off."""
    with opened(home) as db, transaction(db):
        if found := stops.current(db):
            raise Conflict(
                f"the model's opinion is switched off already, by {by(found)}: “{found.reason}”; "
                "lift that stop first to give another reason"
            )
        _begin(db, given(reason), user)


@open_to(Role.ADMIN)
def lift(home: Path, user: User, reason: str) -> None:
    """Show the opinions again. Raises BadInput, or Conflict where no stop stands."""
    with opened(home) as db, transaction(db):
        found = stops.current(db)
        if found is None:
            raise Conflict("no stop stands: somebody has lifted it, or there was none")
        stops.lift(db, given(reason), user.id)
        audit.record(db, user.name, "lift stop", models.running(db) or "", reason=reason.strip(), stop=found.reason)


@open_to(*EVERYBODY)
def standing(home: Path, user: User) -> Stop | None:
    """The stop that stands, or None."""
    with opened(home) as db:
        return stops.current(db)


@open_to(*READING_ROOM)
def so_far(home: Path, user: User) -> list[Stop]:
    """Every stop, newest first, the one that stands among them."""
    with opened(home) as db:
        return stops.all_stops(db)


def by(found: Stop) -> str:
    """Who or what switched the opinion off, as part of a sentence."""
    return found.stopped_by or "the plan's rule"


def rule(db: Database, home: Path) -> None:
    """Ask the rule of the plan in force, within the transaction that records a read of the audit in `home`."""
    try:
        planned = site_plan(home, db).stop
    except BadInput as error:
        log.error("the plan's rule can't be asked: %s", error)  # a reader's opinion is recorded all the same
        return
    watch_sensitivity(db, planned.sensitivity_floor, planned.fewest_pneumonias)


def watch_sensitivity(db: Database, floor: float, fewest: int) -> None:
    """Switch the opinion off where the running model's audited sensitivity is below `floor`, and say the numbers.

    Audited are the images that two read blinded, once they agree or a third has decided. The sensitivity is the share
    of those found to be Pneumonia that the model calls so, of those on which it says Normal or Pneumonia; nothing is
    done before there are `fewest` of them. Once an admin has lifted a stop of this rule, it counts what is read from
    there on: they knew of the rest.
    """
    if stops.current(db):
        return
    said = Counter(reads.audited(db, models.running(db), Label.PNEUMONIA, stops.rule_lifted_at(db)))
    found = Share(said[Label.PNEUMONIA], sum(said[label] for label in CLASSES))
    if found.n >= fewest and found.count / found.n < floor:
        _begin(db, _below(found, floor, said.total() - found.n), None)


def _below(found: Share, floor: float, left_out: int) -> str:
    low, high = found.interval
    return (
        f"of {found.n} pneumonias that readers found without the model, it calls {found.count} so: a sensitivity of "
        f"{found.count / found.n:.2f} (95 % interval {low:.2f} to {high:.2f}), below the floor of {floor:.2f}. "
        f"Not counted: {left_out} on which it is Uncertain or gives no answer"
    )


def _begin(db: Database, reason: str, user: User | None) -> None:
    stops.open_one(db, reason, user.id if user else None)
    audit.record(db, user.name if user else "program", "stop", models.running(db) or "", reason=reason)
