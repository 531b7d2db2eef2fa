"""Whether a read can still be taken back: what tells of it must not leave before that."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.store import reads, sessions


def may_be(db: Database, read: dict[str, Any]) -> bool:
    """Whether its reader may take a read back now, which is until they sign out."""
    began = sessions.began(db, read["reader"])
    is_theirs = began is not None and read["made_at"] >= began and reads.is_current(db, read["id"])
    return is_theirs and objection(db, read) is None


def objection(db: Database, read: dict[str, Any]) -> str | None:
    """Why a read isn't taken back even while its reader is signed in, or None."""
    if not read["final"]:
        return "a first opinion stays as it is: give your final one"
    if read["supersedes"] and reads.get(db, read["supersedes"])["final"]:
        return "a revision isn't taken back but revised again"
    return "others have read this case since: revise your read instead" if reads.is_followed(db, read) else None


def signed_in(db: Database, reader: int) -> str:
    """Since when a reader has been signed in; now, where they aren't."""
    return sessions.began(db, reader) or clock.stamp()
