"""The plan under which models are changed: what is allowed, what must hold, who decides, fixed before the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from sqlite_utils import Database

from cxr_core.errors import BadInput
from cxr_core.records import User
from cxr_core.store import plans, site
from cxr_core.toml_text import parsed
from cxr_core.work.models.settling import REFUSALS

FILE = "retrain-plan.toml"
"""Of a site's own plan, in its home."""
SHIPPED = Path(__file__).parent / "plans"
Section = TypeVar("Section")


@dataclass(frozen=True)
class Changes:
    """What a retrain may do; ranges are from and up to."""

    trained: tuple[str, ...]
    epochs: tuple[int, int]
    learning_rate: tuple[float, float]
    replay: tuple[int, int]
    refused_for: tuple[str, ...]


@dataclass(frozen=True)
class Data:
    """What must be there before a retrain starts, on the training side."""

    flagged: int
    """Images that readers flagged."""
    readers: int
    """Who flagged them."""
    patients_per_class: int
    """Whose images are learnt from, replay included."""
    one_reader: float
    """How much a label counts that one reader alone gave, 0 to 1."""


@dataclass(frozen=True)
class Gate:
    """What must hold on locked patients before a candidate may be promoted."""

    locked_per_class: int
    """Patients with a locked image, without which nothing is compared."""
    margin: float
    """AUC that may be lost against the first release, at the lower end of the 95 % interval."""
    power: float
    """Chance that a model as good as the first release must have to show it within the margin."""
    sensitivity_floor: float
    calibration_margin: float
    """That the calibration error may grow against the running model's."""
    refused_margin: float
    """Share of X-rays that its input gate may refuse beyond what a rival's does."""
    slice_images: int
    """Of each class, without which a slice is not judged by itself."""
    slice_auc_floor: float
    flagged_kept_out: int
    """Flagged images of patients kept out of training, at least, on which it must have got better."""
    looks: int
    """How often locked images may be looked at, in all."""


@dataclass(frozen=True)
class Approval:
    """Who decides."""

    approvers: tuple[str, ...]
    """Names of admins; empty: any admin."""
    approvals: int
    """How many different admins must approve."""

    def is_open_to(self, user: User) -> bool:
        """Whether this admin may approve."""
        return not self.approvers or user.name.casefold() in {name.casefold() for name in self.approvers}


@dataclass(frozen=True)
class Stop:
    """When the model's opinion is switched off by itself."""

    sensitivity_floor: float
    """Among audited pneumonias: read blind by two, a third deciding."""
    fewest_pneumonias: int


@dataclass(frozen=True)
class ChangePlan:
    """A plan as read from its text."""

    name: str
    demo: bool
    changes: Changes
    data: Data
    gate: Gate
    approval: Approval
    stop: Stop
    text: str
    """As it was written: what is kept with everything that is fixed or decided under it."""

    @property
    def sha256(self) -> str:
        """By which it is named."""
        return plans.name_of(self.text)


def site_plan(home: Path, db: Database) -> ChangePlan:
    """The plan in force: the home's own retrain-plan.toml, else the demo's in a demo, else the shipped one.

    Raises BadInput with the file and the line's name if it can't be followed.
    """
    own = home / FILE
    if own.exists():
        return parse(_text(own), str(own))
    return shipped("demo" if site.get(db, site.DEMO) else "default")


def _text(own: Path) -> str:
    try:
        return own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{own} can't be read: {error}") from error


def shipped(name: str) -> ChangePlan:
    """A plan that comes with the program: `default` or `demo`."""
    return parse((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


def kept(db: Database, sha256: str) -> ChangePlan:
    """The plan with this hash that something was fixed under. Raises NotFound."""
    return parse(plans.get(db, sha256), f"plan {sha256[:12]}…")


def parse(text: str, place: str) -> ChangePlan:
    """A plan from its TOML. Raises BadInput naming `place` and what is missing, unknown or of no use."""
    try:
        found = parsed(text)
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from error
    _refuse_others(place, "", found, {field.name for field in fields(ChangePlan)} - {"text"})
    sections = {name: _section(kind, found[name], f"{place}: [{name}]") for name, kind in _SECTIONS.items()}
    name, demo = found["name"], found["demo"]
    if not isinstance(name, str) or not isinstance(demo, bool):
        raise BadInput(f"{place}: name is a text, demo is true or false")
    found_plan = ChangePlan(name, demo, **sections, text=text)
    if why := _unusable(found_plan):
        raise BadInput(f"{place}: {why}")
    return found_plan


def _unusable(plan: ChangePlan) -> str | None:
    """What of a plan could never be met, or never fails."""
    if others := sorted(set(plan.changes.refused_for) - set(REFUSALS)):
        return f"[changes] refused_for: nothing is refused for {', '.join(others)}"
    if plan.gate.margin == 0:
        return "[gate] margin: no set of locked images is large enough to test a margin of 0"
    if plan.approval.approvers and plan.approval.approvals > len(plan.approval.approvers):
        return (
            f"[approval] approvals: {plan.approval.approvals} can't come from {len(plan.approval.approvers)} approvers"
        )
    return None


_SECTIONS: dict[str, type[Any]] = {"changes": Changes, "data": Data, "gate": Gate, "approval": Approval, "stop": Stop}
_SHARES = {
    "one_reader", "margin", "power", "sensitivity_floor", "calibration_margin", "refused_margin", "slice_auc_floor",
}  # fmt: skip
"""Numbers from 0 to 1; all others are whole and not negative."""


def _section(kind: type[Section], found: Any, place: str) -> Section:
    hints = get_type_hints(kind)
    _refuse_others(place, " ", found if isinstance(found, Mapping) else {}, set(hints))
    return kind(**{name: _value(found[name], hint, f"{place} {name}") for name, hint in hints.items()})


def _refuse_others(place: str, gap: str, found: Mapping[str, Any], known: set[str]) -> None:
    if lacking := sorted(known - set(found)):
        raise BadInput(f"{place}{gap or ': '}lacks {', '.join(lacking)}: copy it from the shipped plan")
    if unknown := sorted(set(found) - known):
        raise BadInput(f"{place}{gap or ': '}says {', '.join(unknown)}, which no plan knows")


def _value(value: Any, hint: Any, place: str) -> Any:
    if hint == tuple[str, ...]:
        return _texts(value, place)
    if hint in (tuple[int, int], tuple[float, float]):
        return _range(value, place)
    return _number(value, place)


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadInput(f"{place}: a list of texts is needed, it is {value!r}")
    return tuple(value)


def _range(value: Any, place: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)) or value[0] > value[1]:
        raise BadInput(f"{place}: a range [from, up to] is needed, it is {value!r}")
    return value[0], value[1]


def _number(value: Any, place: str) -> float:
    share = place.rsplit(" ", 1)[1] in _SHARES
    if not _is_number(value) or value < 0 or (value > 1 if share else value != int(value)):
        raise BadInput(f"{place}: {'a number from 0 to 1' if share else 'a whole number'} is needed, it is {value!r}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
