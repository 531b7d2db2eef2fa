"""Guessing passwords gets slower with every wrong one, at the address that guesses and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

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

    def wait(self, attempts: int) -> float:
        """Seconds to wait after so many attempts."""
        return 0.0 if attempts < self.free else min(2.0 ** min(attempts - self.free, 10), self.longest)


NAME = Rule(free=5, longest=300)
"""For one name at one address: people mistype, and forget."""
ADDRESS = Rule(free=30, longest=15)
"""For all names at one address, which a whole hospital may share behind a proxy."""


class Throttle:
    """Counts attempts by address and name, and by address; what is too early is refused and doesn't count."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, ...], tuple[int, float]] = {}

    def attempt(self, address: str, name: str, now: float) -> float:
        """Count an attempt at the moment `now`, in seconds of a clock that never goes back.

        Returns 0 if it may be judged, else the seconds to wait first. It counts before it is judged, so that of many
        at once no more get through than of many in a row.
        """
        rules = {_key(address, name): NAME, (address,): ADDRESS}
        if wait := max(self._wait(key, rule, now) for key, rule in rules.items()):
            return wait
        for key in rules:
            self._put(key, self._counted(key, now) + 1, now)
        return 0.0

    def forgive(self, address: str, name: str) -> None:
        """After a right password: this name starts again from zero, and the address has one attempt less."""
        self._attempts.pop(_key(address, name), None)
        if counted := self._attempts.get((address,)):
            self._attempts[(address,)] = (counted[0] - 1, counted[1])

    def _wait(self, key: tuple[str, ...], rule: Rule, now: float) -> float:
        _, last = self._attempts.get(key, (0, now))
        return max(0.0, last + rule.wait(self._counted(key, now)) - now)

    def _counted(self, key: tuple[str, ...], now: float) -> int:
        count, last = self._attempts.get(key, (0, now))
        return count if now - last < FORGOTTEN_SECONDS else 0

    def _put(self, key: tuple[str, ...], count: int, now: float) -> None:
        self._attempts.pop(key, None)
        self._attempts[key] = (count, now)  # at the end, so that the first is the one that was quiet longest
        if len(self._attempts) > MOST_KEPT:
            del self._attempts[next(iter(self._attempts))]


def _key(address: str, name: str) -> tuple[str, ...]:
    return (address, name[:LONGEST_NAME].lower())


THROTTLE = Throttle()
"""That of this server process."""
