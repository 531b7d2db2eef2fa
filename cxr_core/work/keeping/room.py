"""Room on the disk: it is seen before there is none. Reading goes on whatever is left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from cxr_core.errors import OutOfRoom
from cxr_core.records import MEGABYTE, User
from cxr_core.settings import Settings
from cxr_core.work.guarding import NETWORK_SEEN, open_to

WARNED_AT = 3
"""Times CXR_FREE_MB below which admins are warned."""


@dataclass(frozen=True)
class Room:
    """What is left on the disk of a home."""

    free_mb: int
    limit_mb: int
    """Below which nothing is taken in (CXR_FREE_MB)."""

    @property
    def is_low(self) -> bool:
        """Whether it is time to make room."""
        return self.free_mb < WARNED_AT * self.limit_mb

    @property
    def is_out(self) -> bool:
        """Whether nothing more is taken in, and nothing learnt."""
        return self.free_mb < self.limit_mb


@open_to(*NETWORK_SEEN)
def left(settings: Settings, user: User) -> Room:
    """How much room there is."""
    return measured(settings)


def measured(settings: Settings) -> Room:
    """The same, for what has no user."""
    return Room(shutil.disk_usage(settings.home).free // MEGABYTE, settings.free_mb)


def require(settings: Settings) -> None:
    """Raises OutOfRoom where less is left than CXR_FREE_MB."""
    room = measured(settings)
    if room.is_out:
        raise OutOfRoom(
            f"{room.free_mb} MB are free in {settings.home}, less than CXR_FREE_MB ({room.limit_mb}): "
            "make room on that disk"
        )
