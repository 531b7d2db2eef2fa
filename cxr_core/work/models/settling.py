"""From reads to items of a training set: which label stands for an image, where from, and how much it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from cxr_core.model.gate.objection import Kind
from cxr_core.records import CLASSES, Mode, Seen, Side

NEW = ("flagged", "refused")
"""Origins of what the running model hasn't learnt yet: readers disagreed with it, or it had given no answer."""
AUDITED = "audited"
"""Origin of locked images: read by two who saw nothing of the model, a third deciding where they differed."""
REFUSALS = tuple(kind.value for kind in (Kind.AGE, Kind.VIEW, Kind.QUALITY, Kind.UNLIKE))
"""What X-rays may have been refused for that may be learnt from: not for being something else by their header, and
not as long as they lie the wrong way round."""


@dataclass(frozen=True)
class Rules:
    """By what reads are settled."""

    refused_for: tuple[str, ...]
    """Kinds of refusals that may be learnt from."""
    one_reader: float
    """How much a label counts that one reader alone gave, 0 to 1; others count 1."""
    used: frozenset[tuple[str, str]]
    """Image and label of what the running model has learnt already."""


def settled(found: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    """The item that the current final reads of one image make, or `image` and `why` it is left out.

    Where readers differ, the label stands that most of them gave: of two who differ, a third decides. An image that
    was refused has `refused_for` beside its `why`.
    """
    label, image, kinds = _decided(found), found[0]["image"], found[-1]["reason_kinds"]
    if label is None:
        return {"image": image, "why": "its readers disagree with each other"}
    if found[0]["slots_open"]:
        return {"image": image, "why": "it waits for its second reader"}
    locked = found[0]["side"] == Side.LOCKED
    if locked and not _is_audited(found):
        return {"image": image, "why": "the patient is locked: only what two read blind may be compared on"}
    if not locked and set(kinds) - set(rules.refused_for):
        return {"image": image, "why": f"the model refused it for {' and '.join(kinds)}", "refused_for": kinds}
    return _item([read for read in found if read["label"] == label], found, rules)


def _decided(found: list[dict[str, Any]]) -> str | None:
    """The label that all readers gave, or more of them than another one."""
    (label, votes), *others = Counter(read["label"] for read in found).most_common()
    return None if others and others[0][1] == votes else str(label)


def _is_audited(found: list[dict[str, Any]]) -> bool:
    """Whether two or more read the image, and none of them saw what the model said."""
    blind = all(read["mode"] == Mode.BLINDED and read["seen"] == Seen.NOTHING for read in found)
    return blind and len(found) >= 2


def _item(agreeing: list[dict[str, Any]], found: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    newest, label = found[-1], agreeing[0]["label"]
    return {
        "image": newest["image"], "content": newest["file_sha256"], "label": label, "side": newest["side"],
        "origin": _origin(agreeing, found, (newest["image"], label) in rules.used),
        "settled": "one reader" if len(found) == 1 else "adjudicated" if len(found) > 2 else "readers agree",
        "weight": rules.one_reader if len(found) == 1 else 1.0,
        "reads": [{name: read[name] for name in ("id", "reader", "reason", "seen")} for read in agreeing],
        "put_right": newest["put_right"],
    }  # fmt: skip


def _origin(agreeing: list[dict[str, Any]], found: list[dict[str, Any]], known: bool) -> str:
    if found[0]["side"] == Side.LOCKED:
        return AUDITED
    flagged = any(read["said"] in CLASSES and read["said"] != read["label"] for read in agreeing)
    origin = "flagged" if flagged else "refused" if found[-1]["reason_kinds"] else "agreed"
    return f"{origin} before" if known and origin in NEW else origin
