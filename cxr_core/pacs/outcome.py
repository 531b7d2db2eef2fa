"""What became of an object that was sent, and whether to send it again (PS3.4 B.2.3, PS3.7 annex C)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_DUPLICATE, _PROCESSING_FAILURE, _RESOURCE_LIMITATION = 0x0111, 0x0110, 0x0213
_WARNINGS = frozenset((0x0001, 0x0107, 0x0116))
_REASONS = {
    0x0122: "it takes no objects of this SOP class: let it take them, or send them elsewhere",
    0x0124: "it doesn't let this node store objects: have it allowed there",
    _DUPLICATE: "it has the object already",
    _PROCESSING_FAILURE: "it failed while it dealt with the object: ask whoever runs it to look into its log",
    _RESOURCE_LIMITATION: "it has no room for more: ask whoever runs it to make room",
}


class State(StrEnum):
    """Where an object stands that was sent."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    """Not there; the same object may succeed later."""
    DEAD = "dead"
    """Not there, and it won't be until somebody changes something."""


@dataclass(frozen=True)
class Outcome:
    """What became of one object."""

    state: State
    reason: str
    """For a person: what happened, and what helps."""
    status: int | None = None
    """What the other node answered; None where it didn't."""
    after: float | None = None
    """Seconds that it asks to be left alone for."""


def of_status(status: int) -> Outcome:
    """What an answer to C-STORE means. One that has the object already counts as success: an answer may get lost."""
    reason = "stored" if status == 0 else f"{_reason(status)} (status {status:04X})"
    return Outcome(_state(status), reason, status)


def _state(status: int) -> State:
    if status in (0, _DUPLICATE) or status in _WARNINGS or status >> 12 == 0xB:
        return State.ACCEPTED
    if status in (_PROCESSING_FAILURE, _RESOURCE_LIMITATION) or status >> 8 == 0xA7:
        return State.RETRY
    return State.DEAD


def _reason(status: int) -> str:
    if found := _REASONS.get(status):
        return found
    if _state(status) is State.ACCEPTED:
        return "stored, with a warning"
    if status >> 8 == 0xA7:
        return _REASONS[_RESOURCE_LIMITATION]
    if status >> 8 == 0xA9:
        return "it says that the object doesn't match its SOP class: ask whoever runs it what it misses"
    if status >> 12 == 0xC:
        return "it can't understand the object: ask whoever runs it to look into its log"
    return "it refuses the object: ask whoever runs it"
