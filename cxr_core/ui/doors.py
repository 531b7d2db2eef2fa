"""Whom each route answers: said where it is written, and made into the table of docs/security.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.routing import BaseRoute, Mount, Route

from cxr_core.errors import CxrError
from cxr_core.records import Role
from cxr_core.work.guarding import EVERYBODY

Answer = TypeVar("Answer", bound=Callable[..., object])


@dataclass(frozen=True)
class Door:
    """Whom a route answers."""

    roles: tuple[Role, ...]
    nobody: bool = False
    """Whether it answers who isn't signed in, too."""
    asks: str = ""
    """What it asks for itself, in the place of a session or beside it."""


SIGNED_IN = Door(EVERYBODY)
"""Whoever has a session: the app's guard turns others away."""


def opened_to(door: Door) -> Callable[[Answer], Answer]:
    """Declares whom the route with this endpoint answers; to hold to it is the endpoint's work, or the guard's."""

    def declare(answer: Answer) -> Answer:
        answer.door = door  # type: ignore[attr-defined]  # read by door_of
        return answer

    return declare


def to_anybody(asks: str = "") -> Callable[[Answer], Answer]:
    """Declares a route that answers who isn't signed in, too, and what it asks for instead."""
    return opened_to(Door(EVERYBODY, nobody=True, asks=asks))


def endpoints(routes: list[BaseRoute], under: str = "") -> list[tuple[str, str, Door]]:
    """Method, path and door of each route, those of mounts included. Raises CxrError for one that declares none."""
    found = []
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            found += endpoints(route.routes, under + route.path)
        elif isinstance(route, Mount):
            found.append(("GET", f"{under}{route.path}/…", _door(route.app, route.path)))
        elif isinstance(route, Route):
            methods = sorted((route.methods or set()) - {"HEAD"})
            found += [(method, under + route.path, _door(route.endpoint, route.path)) for method in methods]
    return found


def _door(answer: object, path: str) -> Door:
    door = getattr(answer, "door", None)
    if not isinstance(door, Door):
        raise CxrError(f"the route {path} doesn't say whom it answers: see cxr_core/ui/doors.py")
    return door
