"""What a reader may see yet of the model's opinion. Lists hide by the same conditions, in store/eyes.py."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotAllowed
from cxr_core.records import Mode, Role, User
from cxr_core.store import images, reads
from cxr_core.store.eyes import Eyes


def eyes_of(user: User) -> Eyes:
    """The user, as queries ask for them: admins don't read, so nothing is kept from them."""
    return Eyes(user.id, user.role is Role.ADMIN)


def may_see(db: Database, user: User, image: dict[str, Any]) -> bool:
    """Whether the model's opinion on an image (its row) may be shown to the user, now."""
    if user.role is Role.ADMIN or image["mode"] == Mode.CONCURRENT:
        return True
    return image["mode"] == Mode.SECOND_READER and reads.has_any(db, image["id"], user.id)


def require(db: Database, user: User, image: str) -> None:
    """Raises NotAllowed unless the user may see the model's opinion on an image, NotFound for no such image."""
    if not may_see(db, user, images.get(db, image)):
        raise NotAllowed("the model's opinion on this case comes after yours, or not at all")
