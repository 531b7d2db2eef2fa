"""Simpson's check: whether a share moved because it moved in the parts, or because the parts' weights did.

A whole can rise while every part of it falls (Simpson 1951): where more comes from the parts in which it is high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cxr_core.drift.trace import ENOUGH

MATTERS = 0.05
"""A change of a share from which on it is spoken of: the floor of the model's answers."""
HARDLY = 0.01
"""Up to here nothing moved."""


class Verdict(StrEnum):
    """What a change of the whole comes from."""

    TOO_FEW = "too few"
    STEADY = "steady"
    OPPOSED = "opposed"
    """The parts moved one way and the whole the other."""
    HIDDEN = "hidden"
    """The parts moved, and the whole stood still."""
    MIX = "mix"
    """More than half of it from the parts' weights."""
    WITHIN = "within"


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """0..1; 0 of none is 0."""
        return self.count / self.n if self.n else 0.0


@dataclass(frozen=True)
class Change:
    """A share then and now, and what its change is made of: within + mix = now - before."""

    before: Share
    now: Share
    within: float
    """What changed within the parts, at the mean of their weights then and now."""
    mix: float
    """What their weights changed, at the mean of each part's share then and now."""
    together: bool
    """Whether every part that is known then and now moved the way of `within`, or not at all."""

    @property
    def whole(self) -> float:
        """How far the whole moved, -1..1."""
        return self.now.value - self.before.value

    @property
    def verdict(self) -> Verdict:
        """What the change comes from, where it is large enough to be spoken of."""
        least, most = sorted((abs(self.whole), abs(self.within)))
        if min(self.before.n, self.now.n) < ENOUGH:
            return Verdict.TOO_FEW
        if most < MATTERS:
            return Verdict.STEADY
        if least >= HARDLY and self.whole * self.within < 0:
            return Verdict.OPPOSED
        if abs(self.whole) < HARDLY:
            return Verdict.HIDDEN
        return Verdict.MIX if 2 * self.mix * self.whole > self.whole**2 else Verdict.WITHIN


def change(before: Mapping[str, Share], now: Mapping[str, Share]) -> Change:
    """Of the parts by name, then and now (Kitagawa 1955, Components of a difference between two rates).

    A part without images then or now has no share there: all that it brings or takes away is of the mix.
    """
    then, today = _total(before), _total(now)
    within = mix = 0.0
    ways = []
    for name in {**before, **now}:
        old, new = before.get(name, Share(0, 0)), now.get(name, Share(0, 0))
        moved = new.value - old.value if old.n and new.n else 0.0
        level = (new.value + old.value) / 2 if old.n and new.n else new.value or old.value
        weight, weight_now = _over(old.n, then.n), _over(new.n, today.n)
        within += moved * (weight + weight_now) / 2
        mix += (weight_now - weight) * level
        ways.append(moved)
    return Change(then, today, within, mix, all(way * within >= 0 for way in ways))


def _total(parts: Mapping[str, Share]) -> Share:
    return Share(sum(part.count for part in parts.values()), sum(part.n for part in parts.values()))


def _over(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
