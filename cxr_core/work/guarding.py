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
UseCase = Callable[..., object]

EVERYBODY = tuple(Role)
"""Everybody who has an account."""
READING_ROOM = (Role.RADIOLOGIST, Role.ADMIN, Role.AUDITOR)
"""Who sees X-rays, what is said of them, and how the model does."""
STAFF = (Role.RADIOLOGIST, Role.ADMIN)
"""Who brings X-rays in and asks for more about them."""
OVERSIGHT = (Role.ADMIN, Role.AUDITOR)
"""Who sees what was decided, by whom and on what; an auditor decides nothing."""
NETWORK = (Role.ADMIN, Role.PACS_ADMIN)
"""Who connects the program with the hospital's network."""
NETWORK_SEEN = (*NETWORK, Role.AUDITOR)
"""Who sees how it is connected, and what came and went."""
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

        guarded.open_to = roles  # type: ignore[attr-defined]  # see roles_of
        return guarded

    return guard


def roles_of(use: UseCase) -> tuple[Role, ...]:
    """The roles that a guarded use case is open to. Raises AttributeError for any other function."""
    found: tuple[Role, ...] = use.open_to  # type: ignore[attr-defined]
    return found
