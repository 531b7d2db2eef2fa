"""Guessing passwords gets slower with every wrong one, and keeps nobody out for long who isn't guessing."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

FORGOTTEN_SECONDS = 3600
"""After this long without an attempt, it starts again from zero."""
MOST_KEPT = 10_000
"""Addresses and names remembered at a time; beyond that, those that were quiet longest are forgotten."""
LONGEST_NAME = 64
"""No user's name is longer, so what comes after tells no two apart."""


@dataclass(frozen=True)
class Rule:
    """How many attempts are free in a row; after them the wait is 1 s, 2 s, 4 s …, up to `longest` seconds."""

    free: int
    longest: float
    regained: float = inf
    """Seconds after which one attempt counts no more."""

    def wait(self, attempts: float) -> float:
        """Seconds to wait after so many attempts."""
        return 0.0 if attempts < self.free else min(2.0 ** min(attempts - self.free, 10), self.longest)


NAME = Rule(free=5, longest=300)
"""For one name at one address: people mistype, and forget."""
MANY = Rule(free=30, longest=2, regained=2)
"""For all names at one address, which a hospital may share, and for one name at all addresses, which may be feigned.

The wait is short, since whoever guesses there makes others wait as well.
"""


class Throttle:
    """Counts attempts by address and name, and by each of the two; what is too early is refused and doesn't count."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str], tuple[float, float]] = {}

    def attempt(self, address: str, name: str | None, now: float) -> float:
        """Count an attempt at the moment `now`, in seconds of a clock that never goes back.

        An attempt on no name (None) counts for its address alone. Returns 0 if it may be judged, else the seconds to
        wait first. It counts before it is judged, so that of many at once no more get through than of many in a row.
        """
        rules = _rules(address, name)
        if wait := max(self._wait(key, rule, now) for key, rule in rules.items()):
            return wait
        for key, rule in rules.items():
            self._put(key, self._counted(key, rule, now) + 1, now)
        return 0.0

    def forgive(self, address: str, name: str) -> None:
        """After a right password: it and the mistypes before it were no guesses."""
        own, *shared = _rules(address, name)
        mistyped, _ = self._attempts.pop(own, (0, 0))
        for key in shared:
            if counted := self._attempts.get(key):
                self._attempts[key] = (max(0, counted[0] - mistyped), counted[1])

    def begin_anew(self, address: str, name: str, moment: float) -> bool:
        """Forget what this name was tried at this address up to a moment; whether that was all of it, and anything."""
        own = next(iter(_rules(address, name)))
        if self._attempts.get(own, (0, inf))[1] > moment:
            return False
        del self._attempts[own]
        return True

    def _wait(self, key: tuple[str, str], rule: Rule, now: float) -> float:
        count, last = self._attempts.get(key, (0, now))
        return max(0.0, last + rule.wait(count) - now)

    def _counted(self, key: tuple[str, str], rule: Rule, now: float) -> float:
        count, last = self._attempts.get(key, (0, now))
        return max(0.0, count - (now - last) / rule.regained) if now - last < FORGOTTEN_SECONDS else 0

    def _put(self, key: tuple[str, str], count: float, now: float) -> None:
        self._attempts.pop(key, None)
        self._attempts[key] = (count, now)  # at the end, so that the first is the one that was quiet longest
        if len(self._attempts) > MOST_KEPT:
            del self._attempts[next(iter(self._attempts))]


def _rules(address: str, name: str | None) -> dict[tuple[str, str], Rule]:
    """What an attempt is counted by: first address and name together, then each alone."""
    if name is None:
        return {(address, ""): MANY}
    known = name[:LONGEST_NAME].lower()
    return {(address, known): NAME, (address, ""): MANY, ("", known): MANY}


THROTTLE = Throttle()
"""That of this server process."""
