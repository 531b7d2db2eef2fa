"""Guessing passwords gets slower with every wrong one."""

from __future__ import annotations

FREE = 3
"""Attempts without a delay: people mistype."""
LONGEST_SECONDS = 15.0
MOST_CLIENTS = 10_000


class Throttle:
    """Counts attempts a client. An attempt counts before it is judged, so that many at once don't slip through."""

    def __init__(self) -> None:
        self._attempts: dict[str, int] = {}

    def attempt(self, client: str) -> float:
        """Count an attempt; returns the seconds to wait before it is judged: 0, 0, 0, 0.5, 1, 2, 4, 8, 15, 15 …"""
        if len(self._attempts) >= MOST_CLIENTS:
            self._attempts.pop(next(iter(self._attempts)))
        count = self._attempts.get(client, 0) + 1
        self._attempts[client] = count
        return 0.0 if count <= FREE else min(0.5 * 2.0 ** min(count - FREE - 1, 10), LONGEST_SECONDS)

    def forgive(self, client: str) -> None:
        """Start again from zero, after a right password."""
        self._attempts.pop(client, None)


THROTTLE = Throttle()
"""That of this server process."""
