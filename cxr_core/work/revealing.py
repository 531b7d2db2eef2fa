"""What a reader may see yet of the model's opinion, by the one condition that lists and histories hide by, too."""

from __future__ import annotations

from sqlite_utils import Database

from cxr_core.errors import NotAllowed, NotFound
from cxr_core.records import Role, User
from cxr_core.store.db import one
from cxr_core.store.eyes import REVEALED, Eyes


def eyes_of(user: User) -> Eyes:
    """The user, as queries ask for them: admins don't read, so nothing is kept from them."""
    return Eyes(user.id, user.role is Role.ADMIN)


def may_see(db: Database, user: User, image: str) -> bool:
    """Whether the model's opinion on an image may be shown to the user, now. Raises NotFound for no such image."""
    named = {**eyes_of(user).named(), "image": image}
    found = one(db, f"SELECT {REVEALED} AS revealed FROM images i WHERE i.id = :image", named)
    if found is None:
        raise NotFound(f"there is no image {image[:12]}…")
    return bool(found["revealed"])


def require(db: Database, user: User, image: str) -> None:
    """Raises NotAllowed unless the user may see the model's opinion on an image, NotFound for no such image."""
    if not may_see(db, user, image):
        raise NotAllowed("the model's opinion on this case comes after yours, or not at all")
