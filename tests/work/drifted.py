"""A home in which a device has changed, for tests of what is told of it."""

from __future__ import annotations

from datetime import timedelta

from cxr_core import clock
from cxr_core.records import Role
from cxr_core.work.drift import alarming
from tests.work.drifting import Stream
from tests.work.sites import add_user, new_home


def drifted(folder, channels=(), **more):
    """Settings of a home, an admin of it and a reader: ten weeks of X-rays, those of one tube brighter for two."""
    with clock.at(clock.now() - timedelta(days=72)):
        settings = new_home(folder, **more)
        stream = Stream(settings.home)
        stream.model("watched")
    admin, reader = add_user(settings, Role.ADMIN), add_user(settings)
    first = clock.now().date() - timedelta(days=70)
    stream.freeze(admin, first, "watched")
    for number in range(1, 71):
        stream.comes(first + timedelta(days=number), "watched", (1.5 if number > 55 else 0.0, 0.0))
    assert alarming.look(settings.home, channels) == [1]
    return settings, admin, reader
