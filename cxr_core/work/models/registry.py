"""The registry: where each version comes from, who decided on it and why, how good it is, what it said of a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.model import release
from cxr_core.records import Role, User
from cxr_core.store import images, models, predictions, training_sets
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import READING_ROOM, open_to
from cxr_core.work.models import shadowing
from cxr_core.work.models.deciding import decide
from cxr_core.work.reading_room import revealing

BEGINNING = re.compile(r"[0-9a-f]{4,64}")
"""Of an image's id: what is short enough to type and long enough to mean one image."""


class State(StrEnum):
    """Where a version stands."""

    IN_USE = "in use"
    CANDIDATE = "candidate"
    """Nothing was decided on it yet, or not by all who must."""
    REFUSED = "refused"
    RETIRED = "retired"
    WAS_IN_USE = "was in use"
    RIVAL = "for comparison"
    """The program's release at a site whose own model stayed when it came."""


@dataclass(frozen=True)
class Version:
    """One model version in its family."""

    name: str
    parent: str | None
    state: State
    was_used: bool
    """Whether it is in use now or was ever."""
    made_at: str
    weights_sha256: str
    training_set: str | None
    """The hash of what it learnt from; None for a release."""
    learnt: dict[str, int]
    """How many images it was trained on, by where they come from."""
    plan: str | None
    """The hash of the plan under which it was last decided on, or made while nothing is decided."""
    decisions: tuple[dict[str, Any], ...]
    """Each with `action`, `reason`, `decided_by_name` (None: the program), `decided_at` and `plan`, oldest first."""
    card: dict[str, Any]
    kept: str | None
    """Why it can't be retired, in plain words; None where it can."""


@dataclass(frozen=True)
class SideBySide:
    """Versions with what was measured of them on locked patients."""

    report: str | None
    """The version whose gate report has all of them, on the same patients; None where each is told by its own card."""
    measured: dict[str, dict[str, Any]]
    """By name, as chosen: metrics as on a card, as far as they were measured, or fewer in an older report."""


@dataclass(frozen=True)
class Told:
    """What the versions said of one image."""

    image: dict[str, Any]
    revealed: bool
    """Whether the viewer may see it (yet)."""
    opinions: list[dict[str, Any]]
    """`model`, `status`, `label`, `probability`, `reasons` and `made_at`, oldest first; empty where hidden."""


@open_to(*READING_ROOM)
def family(home: Path, user: User) -> list[Version]:
    """Every version, oldest first: a tree by their parents, of which each release is a root."""
    with opened(home) as db:
        running, learnt, taken = models.running(db), training_sets.learnt(db), models.decisions(db)
        oldest_first = models.all_models(db)[::-1]
    return [_version({**row, "learnt": learnt.get(row["training_set"], {})}, taken, running) for row in oldest_first]


@open_to(*READING_ROOM)
def side_by_side(home: Path, user: User, names: Sequence[str]) -> SideBySide:
    """What was measured of these versions, from the newest gate report that has them all, else from their cards.

    Raises NotFound for a version that isn't there.
    """
    with opened(home) as db:
        metrics = {name: models.card(db, name)["metrics"] for name in names}
        for row in models.all_models(db):
            compared = {each["model"]: each for each in row["card"]["metrics"].get("gate", {}).get("compared", [])}
            if compared.keys() >= metrics.keys():
                return SideBySide(row["name"], {name: compared[name] for name in names})
        return SideBySide(None, metrics)


@open_to(*READING_ROOM)
def told_of(home: Path, user: User, image: str) -> Told:
    """What each version said of the image whose id this is, or begins with this (four digits or more).

    Raises BadInput if several begin so or it can't be an id, NotFound if none does.
    """
    with opened(home) as db:
        found = _only(db, image.strip().lower())
        opinions = predictions.by_version(db, revealing.eyes_of(user), found)
        return Told(images.get(db, found), revealing.may_see(db, user, found), opinions)


@open_to(Role.ADMIN)
def retire(home: Path, user: User, model: str, reason: str) -> None:
    """Take a version out of reach for good: it can be neither promoted nor rolled back to. It stays on record.

    Its weights stay, too, since its descendants are built on them. Raises Conflict for the version in use and for the
    program's release, BadInput without a reason, NotFound.
    """
    with opened(home) as db, transaction(db):
        models.card(db, model)
        if why := _why_kept(model, models.running(db), model in models.retired(db)):
            raise Conflict(why)
        decide(db, user, model, "retire", reason)
        shadowing.end_of(db, user, model)


def _version(row: dict[str, Any], taken: list[dict[str, Any]], running: str | None) -> Version:
    own = [decision for decision in taken if decision["model"] == row["name"]]
    actions = [decision["action"] for decision in own]
    plans = [decision["plan"] for decision in own if decision["plan"]]
    columns = ("name", "parent", "made_at", "weights_sha256", "training_set", "learnt", "card")
    return Version(
        **{column: row[column] for column in columns},
        state=_state(row, actions, running),
        was_used=any(action in models.PUT_TO_USE for action in actions),
        plan=plans[-1] if plans else row["card"]["data"].get("plan"),
        decisions=tuple(own),
        kept=_why_kept(row["name"], running, "retire" in actions),
    )


def _state(row: dict[str, Any], actions: list[str], running: str | None) -> State:
    if row["name"] == running:
        return State.IN_USE
    if "retire" in actions:
        return State.RETIRED
    if "refuse" in actions:
        return State.REFUSED
    if any(action in models.PUT_TO_USE for action in actions):
        return State.WAS_IN_USE
    return State.CANDIDATE if row["parent"] else State.RIVAL


def _why_kept(name: str, running: str | None, is_retired: bool) -> str | None:
    if name == running:
        return f"{name} is in use: put another version to use first"
    if name == release.card()["name"]:
        return f"{name} is the program's release: every candidate is compared with it"
    return f"{name} is retired already" if is_retired else None


def _only(db: Database, start: str) -> str:
    """The one image whose id begins so."""
    if not BEGINNING.fullmatch(start):
        raise BadInput("an image is named by its id, or by the first four or more of its digits 0 to 9 and a to f")
    found = images.beginning(db, start, 2)
    if not found:
        raise NotFound(f"there is no image {start[:12]}…")
    if len(found) > 1:
        raise BadInput(f"several images begin with {start}: give more of its digits")
    return found[0]
