"""What would go into a training set if it were made now: flags, replay, and what is missing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import BadInput
from cxr_core.model.calibrate import FEWEST_PER_CLASS
from cxr_core.records import CLASSES, Side, User
from cxr_core.settings import Settings
from cxr_core.store import looks, models, reads, tombstones, training_sets
from cxr_core.store.db import opened
from cxr_core.work.guarding import OVERSIGHT, open_to
from cxr_core.work.models import near_duplicates
from cxr_core.work.models.base_data import base_data
from cxr_core.work.models.change_plan import ChangePlan, site_plan
from cxr_core.work.models.settling import NEW, REFUSALS, Rules, settled
from cxr_core.work.models.slices import UNKNOWN, age_band

FEWEST_REPLAYED = 64
"""Replay at least this many, however few flags there are."""


@dataclass(frozen=True)
class Options:
    """How a fine-tuning run goes."""

    trained: str = "head"
    """`head` (the last layer alone; seconds), `last block`, or `all`."""
    epochs: int = 10
    """Times that every image is seen, 1 to 100."""
    learning_rate: float = 0.001
    """Adam's step, 0.00001 to 0.01; a tenth of it for the body of the network."""
    replay: int = 4
    """Agreed cases and base data for every flagged one, 0 to 50, so that the model doesn't forget."""
    refused_for: tuple[str, ...] = ()
    """Also learn from X-rays that the model refused for these reasons alone (some of REFUSALS) and readers labelled."""

    def __post_init__(self) -> None:
        if unknown := set(self.refused_for) - set(REFUSALS):
            raise BadInput(f"X-rays refused for {', '.join(sorted(unknown))} can't be learnt from")
        if self.trained not in ("head", "last block", "all"):
            raise BadInput("train the head, the last block, or all")
        if not (1 <= self.epochs <= 100 and 1e-5 <= self.learning_rate <= 0.01 and 0 <= self.replay <= 50):
            raise BadInput("epochs 1 to 100, learning rate 0.00001 to 0.01, replay 0 to 50")


@dataclass(frozen=True)
class State:
    """What a draft is made from, beside the base data: with any of it changed, it is another draft."""

    running: str | None
    newest_read: int
    erased: int
    """Images, so far."""
    looks: int
    plan: str
    """Its hash."""


@dataclass(frozen=True)
class Draft:
    """What would go into a training set if it were made now."""

    plan: ChangePlan
    """In force now."""
    items: list[dict[str, Any]]
    """`image` (id, or content hash for base data), `label`, `origin`, `side`.

    Those from readers have also `content` (hash of the stored file), `settled` (by whom), `weight` (how much the label
    counts, 0 to 1), `reads` (`id`, `reader`, `reason`, `seen`) and `put_right` (what the model had put right before it
    looked, as `inverted`, or None)."""
    left_out: list[dict[str, Any]]
    """`image` and `why`, and `refused_for` (kinds of reasons) where the model had refused the image."""
    about: dict[str, dict[str, str]]
    """`patient`, `device`, `age band` and `site` of every image of `items`."""
    not_allowed: list[str]
    """What the plan doesn't list, in plain words; empty if the options lie within it."""
    missing: list[str]
    """What must come first, in plain words; empty if a retrain may start."""
    state: State
    """What it was made from."""
    foreseen: list[str]
    """What the gate would refuse the result for, as far as it can be told now, in plain words."""

    @property
    def objections(self) -> list[str]:
        """Why no retrain may start on this."""
        return [*self.not_allowed, *self.missing]

    def refused(self) -> dict[str, int]:
        """How many labelled X-rays are left out because the model had refused them, by what for."""
        return dict(Counter(", ".join(item["refused_for"]) for item in self.left_out if "refused_for" in item))

    def table(self) -> list[dict[str, Any]]:
        """Counts by origin, label and side."""
        counted = Counter((item["origin"], item["label"], item["side"]) for item in self.items)
        return [
            {"origin": origin, "label": label, "side": side, "images": number}
            for (origin, label, side), number in sorted(counted.items())
        ]

    def by(self, what: str) -> dict[str, dict[str, int]]:
        """Images by `reason`, `settled`, `device`, `age band` or `site`, and within it by side; the most first."""
        counted: dict[str, Counter[str]] = {}
        for item in self.items:
            counted.setdefault(self._value(item, what), Counter())[item["side"]] += 1
        ordered = sorted(counted.items(), key=lambda each: -each[1].total())
        return {value: dict(sides) for value, sides in ordered}

    def _value(self, item: dict[str, Any], what: str) -> str:
        if what == "reason":
            given = sorted({read["reason"] for read in item.get("reads", ()) if read["reason"]})
            return " and ".join(given) or "no reason given"
        if what == "settled":
            return str(item.get("settled", training_sets.BASE))
        return self.about[item["image"]][what]

    @property
    def replayed(self) -> float:
        """The share of what is learnt from that is replay, 0 to 1."""
        learnt = [item["origin"] not in NEW for item in self.items if item["side"] == Side.TRAIN]
        return sum(learnt) / max(1, len(learnt))


@open_to(*OVERSIGHT)
def draft(settings: Settings, user: User, options: Options) -> Draft:
    """The training set as it would be now, under the plan in force: flags that the model hasn't learnt, with replay."""
    with opened(settings.home) as db:
        plan = site_plan(settings.home, db)
        state, found = state_of(db, plan), reads.current(db)
        rules = Rules(options.refused_for, plan.data.one_reader, _learnt(db))
        chosen, left_out = _from_reads(found, rules)
        base = base_data(db, settings)
        known = training_sets.items_of(db, models.training_sets_of(db, state.running))
        there, doubled = near_duplicates.on_one_side(db, settings, [*chosen, *base.items()], base.samples, known)
        items = _with_replay(there, options, state.running or "")
        about = {**_about_reads(found), **base.about()}
    missing = [*_missing(items), *_lacking(items, about, plan), *_looked_at(state.looks, plan)]
    foreseen = _too_few_to_judge(items, about, plan)
    return Draft(plan, items, [*left_out, *doubled], about, not_allowed(options, plan), missing, state, foreseen)


def state_of(db: Database, plan: ChangePlan) -> State:
    """What a draft under `plan` would be made from now."""
    return State(models.running(db), reads.newest(db), tombstones.how_many(db), looks.count(db), plan.sha256)


def not_allowed(options: Options, plan: ChangePlan) -> list[str]:
    """What of the options the plan doesn't list, in plain words."""
    allowed, found = plan.changes, []
    if options.trained not in allowed.trained:
        found.append(f"training {options.trained}: it allows {', '.join(allowed.trained) or 'nothing'}")
    if others := sorted(set(options.refused_for) - set(allowed.refused_for)):
        found.append(f"learning from X-rays refused for {', '.join(others)}")
    for name, value in (
        ("epochs", options.epochs), ("learning_rate", options.learning_rate), ("replay", options.replay)
    ):  # fmt: skip
        low, high = getattr(allowed, name)
        if not low <= value <= high:
            found.append(f"{name.replace('_', ' ')} {value:g}: it allows {low:g} to {high:g}")
    return [f"the plan {plan.name} doesn't list {each}" for each in found]


def _from_reads(found: Iterable[dict[str, Any]], rules: Rules) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An item for every image whose reads settle it, and what is left out, with the reason."""
    by_image: dict[str, list[dict[str, Any]]] = {}
    for read in found:
        by_image.setdefault(read["image"], []).append(read)
    each = [settled(of_image, rules) for of_image in by_image.values()]
    return [item for item in each if "why" not in item], [item for item in each if "why" in item]


def _learnt(db: Database) -> frozenset[tuple[str, str]]:
    """Image and label of the running model's own training set and its ancestors': what it has learnt already."""
    sets = models.training_sets_of(db, models.running(db))
    return frozenset((item["image"], item["label"]) for each in sets for item in training_sets.get(db, each)["items"])


def _about_reads(found: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        read["image"]: {
            "patient": read["patient"], "device": read["device"] or UNKNOWN, "age band": age_band(read["age_years"]),
            "site": "this site",
        }
        for read in found
    }  # fmt: skip


def _with_replay(there: list[dict[str, Any]], options: Options, parent: str) -> list[dict[str, Any]]:
    """What was flagged, and for every flag some of what was right, drawn by hash and balanced between the labels.

    Half of that is the site's own, as far as there is enough: drawn together, hardly any of it would be.
    """
    flagged = [item for item in there if item["origin"] in NEW and item["side"] == Side.TRAIN]
    kept_apart = [item for item in there if item["side"] != Side.TRAIN]
    pool = [item for item in there if item["side"] == Side.TRAIN and item["origin"] not in NEW]
    pool.sort(key=lambda item: hashlib.sha256(f"{parent}:{item['image']}".encode()).digest())
    wanted = max(FEWEST_REPLAYED, options.replay * len(flagged)) if options.replay else 0
    replayed = [
        item for label in CLASSES for item in _drawn([item for item in pool if item["label"] == label], -(-wanted // 2))
    ]
    return [*flagged, *replayed, *kept_apart]


def _drawn(pool: list[dict[str, Any]], wanted: int) -> list[dict[str, Any]]:
    """So many of a pool: half the site's own and half base data, or more of one where the other is less."""
    own = [item for item in pool if item["origin"] != training_sets.BASE]
    base = [item for item in pool if item["origin"] == training_sets.BASE]
    of_own = min(len(own), max(-(-wanted // 2), wanted - len(base)))
    return [*own[:of_own], *base[: wanted - of_own]]


def _missing(items: list[dict[str, Any]]) -> list[str]:
    """Why no training could start, whatever the plan says."""
    found = []
    if not any(item["origin"] in NEW and item["side"] == Side.TRAIN for item in items):
        found.append("nothing to learn: no case on the training side was flagged since the running model was trained")
    for side, needed in ((Side.VALIDATION, 5), (Side.CALIBRATION, FEWEST_PER_CLASS)):
        for label in CLASSES:
            at_hand = sum(item["side"] == side and item["label"] == label for item in items)
            if at_hand < needed:
                found.append(f"{side.value}: {needed} {label.value} images are needed, there are {at_hand}")
    return found


def _lacking(items: list[dict[str, Any]], about: dict[str, dict[str, str]], plan: ChangePlan) -> list[str]:
    """What the plan wants to be there first, and isn't, with the numbers."""
    learnt = [item for item in items if item["side"] == Side.TRAIN]
    new = [item for item in learnt if item["origin"] in NEW]
    readers = {read["reader"] for item in new for read in item["reads"]}
    wanted = []
    if new:
        wanted = [("flagged images", plan.data.flagged, len(new)), ("readers of them", plan.data.readers, len(readers))]
    for label in CLASSES:
        patients = {about[item["image"]]["patient"] for item in learnt if item["label"] == label}
        wanted.append((f"patients with {label.value} to learn from", plan.data.patients_per_class, len(patients)))
    return [
        f"the plan {plan.name} wants {needed} {what} on the training side, there are {at_hand}"
        for what, needed, at_hand in wanted
        if at_hand < needed
    ]


def is_flagged_and_kept_out(item: dict[str, Any]) -> bool:
    """Whether the gate asks if the candidate got better on an item: flagged, its patient kept out of training."""
    return item["side"] in (Side.VALIDATION, Side.CALIBRATION) and item["origin"] == "flagged"


def _too_few_to_judge(items: list[dict[str, Any]], about: dict[str, dict[str, str]], plan: ChangePlan) -> list[str]:
    kept_out = sum(map(is_flagged_and_kept_out, items))
    wanted = [("flagged images of patients kept out of training", plan.gate.flagged_kept_out, kept_out)]
    for label in CLASSES:
        locked = [item for item in items if item["side"] == Side.LOCKED and item["label"] == label]
        patients = {about[item["image"]]["patient"] for item in locked}
        wanted.append((f"locked patients with {label.value}", plan.gate.locked_per_class, len(patients)))
    return [
        f"the gate wants {needed} {what}, there are {at_hand}" for what, needed, at_hand in wanted if at_hand < needed
    ]


def _looked_at(looked: int, plan: ChangePlan) -> list[str]:
    if looked < plan.gate.looks:
        return []
    return [
        f"locked images have been looked at {looked} times, and the plan {plan.name} allows {plan.gate.looks}: raise "
        "`looks` in the plan once enough new patients were audited, knowing that each look makes intervals mean less"
    ]
