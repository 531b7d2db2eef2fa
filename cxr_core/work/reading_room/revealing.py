"""What a reader may see yet of the model's opinion, by the one condition that lists and histories hide by, too."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.errors import NotAllowed
from cxr_core.records import Mode, User
from cxr_core.store import stops
from cxr_core.store.eyes import BY_MODE, REVEALED, Eyes, holds
from cxr_core.work.guarding import OVERSIGHT


def eyes_of(user: User) -> Eyes:
    """The user, as queries ask for them: admins and auditors don't read, so nothing is kept from them."""
    return Eyes(user.id, user.role in OVERSIGHT)


def may_see(db: Database, user: User, image: str) -> bool:
    """Whether the model's opinion on an image may be shown to the user, now. Raises NotFound for no such image."""
    return holds(db, REVEALED, eyes_of(user), image)


def may_by_mode(db: Database, user: User, image: str) -> bool:
    """Whether it might be shown but for a stop. Raises NotFound for no such image."""
    return holds(db, BY_MODE, eyes_of(user), image)


def modes_counted(db: Database, user: User) -> list[str]:
    """The modes of reading whose opinions may go into figures for the user: kept by day, images can't be told apart.

    What a reader may see only after their own opinion, or never, is left out; during a stop, all is.
    """
    if eyes_of(user).sees_all:
        return [mode.value for mode in Mode]
    return [] if stops.current(db) else [Mode.CONCURRENT.value]


def require(db: Database, user: User, image: str) -> None:
    """Raises NotAllowed unless the user may see the model's opinion on an image, NotFound for no such image."""
    if not may_see(db, user, image):
        stop = stops.current(db)
        raise NotAllowed(
            f"the model's opinion is switched off: {stop.reason}"
            if stop
            else "the model's opinion on this case comes after yours, or not at all"
        )
