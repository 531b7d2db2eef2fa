"""Who may do what: each use case names the roles that it is open to, and asks for itself who is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from cxr_core.errors import NotAllowed
from cxr_core.records import Role, User
from cxr_core.settings import Settings

Place = TypeVar("Place", Path, Settings)
Rest = ParamSpec("Rest")
Result = TypeVar("Result")
Guarded = Callable[Concatenate[Place, User, Rest], Result]

EVERYBODY = tuple(Role)
"""Everybody who has an account."""
COMMAND_LINE = User(0, "command line", Role.ADMIN)
"""Whoever types commands on the machine: the operating system guards the home, so they have all of it."""


def open_to(*roles: Role) -> Callable[[Guarded[Place, Rest, Result]], Guarded[Place, Rest, Result]]:
    """Guards a use case, whose first arguments are its place (a home or settings) and the user who asks.

    The use case raises NotAllowed, before it looks at anything else, unless the user has one of the roles.
    """

    def guard(use: Guarded[Place, Rest, Result]) -> Guarded[Place, Rest, Result]:
        @wraps(use)
        def guarded(place: Place, user: User, /, *rest: Rest.args, **named: Rest.kwargs) -> Result:
            if user.role not in roles:
                raise NotAllowed(f"only {' or '.join(roles)} may do this; you are {user.role}")
            return use(place, user, *rest, **named)

        guarded.open_to = roles  # type: ignore[attr-defined]  # what the test of all use cases looks for
        return guarded

    return guard
