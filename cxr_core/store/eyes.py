"""Who looks, and what they may see yet of the model's opinion and of other readers': conditions for every query.

They stand in SQL, where the data is read, so that no screen, route, file or order can forget them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database

from cxr_core.errors import NotFound
from cxr_core.store.db import one

BY_MODE = (
    "(:sees_all OR i.mode = 'concurrent' OR (i.mode = 'second reader' "
    "AND EXISTS (SELECT 1 FROM reads WHERE image = i.id AND reader = :reader)))"
)
"""Whether the way in which image `i` is read lets the model's opinion be seen: at once, after one's own, or never."""
REVEALED = f"(NOT EXISTS (SELECT 1 FROM stops WHERE lifted_at IS NULL) AND {BY_MODE})"
"""Whether the model's opinion on image `i` may be seen: by its mode, and by nobody while a stop stands."""
COUNTED = f"(:sees_all OR {REVEALED})"
"""Whether it may go into figures over many images: admins keep theirs during a stop, for they decide on lifting it."""
OWN = "(:sees_all OR r.reader = :reader OR (i.mode = 'concurrent' AND i.readers = 1))"
"""Whether read `r` of image `i` may be seen: where two read, neither knows what the other said."""


@dataclass(frozen=True)
class Eyes:
    """Who looks."""

    reader: int
    sees_all: bool
    """Admins, auditors and the command line, who don't read."""

    def named(self) -> dict[str, Any]:
        """The values that the conditions need."""
        return asdict(self)


def holds(db: Database, condition: str, eyes: Eyes, image: str) -> bool:
    """Whether a condition on image `i` holds for who looks. Raises NotFound for no such image."""
    asked = f"SELECT {condition} AS holds FROM images i WHERE i.id = :image"
    found = one(db, asked, {**eyes.named(), "image": image})
    if found is None:
        raise NotFound(f"there is no image {image[:12]}…")
    return bool(found["holds"])
