"""Who saw which X-ray, on record: a row when a page shows it, and one when its pixels are handed to a browser."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import User
from cxr_core.store import audit, claims
from cxr_core.store.db import opened, within
from cxr_core.work.guarding import READING_ROOM, open_to
from cxr_core.work.reading_room import revealing

SHOWN = "view image"
"""The review page shows the case, and (`opinion`) whether the model's opinion with it."""
SENT = "send image"
"""A browser was given the X-ray: because it is shown, or as one of the next ones, which may never be looked at."""
SENT_SMALL = "send thumbnail"
ONE_LOOK_MINUTES = claims.LEASE_MINUTES
"""Within this the same user at the same image is the same look: so long a case counts as open without a sign of life.

A page is drawn anew with every click, and each would else be a row that tells nothing.
"""


def shown(db: Database, user: User, image: str) -> None:
    """Note that a page shows the image, within the transaction under way or one of its own."""
    if not _is_noted(db, user, SHOWN, image):
        with within(db):
            audit.record(db, user.name, SHOWN, image, opinion=revealing.may_see(db, user, image))


def sent(db: Database, user: User, action: str, image: str) -> None:
    """Note that a browser gets the image's pixels, before it does: SENT, or SENT_SMALL."""
    if not _is_noted(db, user, action, image):
        with within(db):
            audit.record(db, user.name, action, image)


@open_to(*READING_ROOM)
def look_on(home: Path, user: User, image: str) -> None:
    """Note that somebody who has no claim on a case has it on their screen. Raises NotFound for no such image."""
    with opened(home) as db:
        shown(db, user, image)


def _is_noted(db: Database, user: User, action: str, image: str) -> bool:
    return audit.done_since(db, user.name, action, image, clock.ago(minutes=ONE_LOOK_MINUTES))
