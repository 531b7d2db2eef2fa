"""The chain itself: how a row is sealed, and how rows are followed. The first that isn't what was written is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cxr_core.errors import BadInput, IntegrityError

GENESIS = "0" * 64


@dataclass(frozen=True)
class Head:
    """Where a chain ended at some moment: the number of its last row, and that row's seal."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"


def parsed(text: str) -> Head:
    """A head as it is printed: its number, a blank, 64 hex digits. Raises BadInput for anything else."""
    number, _, digits = text.strip().partition(" ")
    if not (number.isdecimal() and len(digits) == len(GENESIS) and set(digits) <= set("0123456789abcdef")):
        raise BadInput(f"{text!r} is no head of the chain: say its number and its hash, as `audit head` prints them")
    return Head(int(number), digits)


def by_number(heads: Iterable[Head]) -> dict[int, Head]:
    """Kept ends by their numbers. Raises IntegrityError where one number has two, of which one isn't of this chain."""
    kept = {0: Head(0, GENESIS)}
    for head in heads:
        other = kept.setdefault(head.number, head)
        if other != head:
            raise IntegrityError(f"{head} isn't an end of this chain, or {other} isn't: one row has one hash")
    return kept


def seal(before: str, event: dict[str, Any]) -> str:
    """The hash of an event (all columns but `hash`) that stands behind the row with the hash `before`."""
    return hashlib.sha256((before + json.dumps(event, sort_keys=True)).encode()).hexdigest()


def follow(events: Iterable[dict[str, Any]], start: Head, heads: dict[int, Head] | None = None) -> Head:
    """Go along rows that stand behind `start`; where they end. Raises as `verify`.

    `heads` from before `start` are not among these rows: whoever has some looks for them elsewhere.
    """
    kept = heads or {}
    before, last = "", start
    for event in events:
        stored = event.pop("hash")
        number = last.number + 1
        if event["id"] != number or stored != seal(last.hash, event):
            raise broken(number - 1 if _fits(before, event, stored) else number)
        before, last = last.hash, Head(number, stored)
        _check_kept(last, kept)
    _check_all_reached(last, start, kept)
    return last


def _fits(before: str, event: dict[str, Any], stored: str) -> bool:
    """Whether a row follows the last but one: then that between them, which has a seal that fits, was put in."""
    return bool(before) and stored == seal(before, {**event, "id": event["id"] - 1})


def _check_kept(last: Head, kept: dict[int, Head]) -> None:
    if last.number not in kept or kept[last.number].hash == last.hash:
        return
    earlier = max((number for number in kept if number < last.number), default=0)
    raise IntegrityError(
        f"audit row {last.number} isn't the one whose hash was kept: rows from {earlier + 1} on were written anew"
    )


def _check_all_reached(last: Head, start: Head, kept: dict[int, Head]) -> None:
    missing = [number for number in kept if number > last.number]
    if missing:
        raise IntegrityError(
            f"audit row {last.number + 1} is missing: the chain ends before it, and row {max(missing)} was there once"
        )
    if start.number in kept and kept[start.number] != start:
        raise broken(start.number)


def broken(number: int) -> IntegrityError:
    """What is raised where a row isn't what was written."""
    return IntegrityError(f"audit row {number} is not what was written: the chain is broken there")
