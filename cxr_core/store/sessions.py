"""Signed-in sessions: a random token in the browser's cookie, its hash here."""

from __future__ import annotations

import hashlib
import secrets

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Role, User
from cxr_core.store.db import one


def start(db: Database, user: User, idle_minutes: int) -> str:
    """Open a session and return its token, which only the browser keeps; what was idle longer than that is deleted."""
    end_idle(db, idle_minutes)
    token = secrets.token_urlsafe(32)
    moment = clock.stamp()
    db.table("sessions").insert(
        {"token_sha256": _hash(token), "user_id": user.id, "created_at": moment, "seen_at": moment}
    )
    return token


def user_of(db: Database, token: str | None, idle_minutes: int) -> User | None:
    """Whose session this is, if it is open and was used within `idle_minutes`; using it keeps it open."""
    if not token:
        return None
    row = one(
        db,
        "SELECT u.id, u.name, u.role, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id "
        "WHERE s.token_sha256 = ? AND s.seen_at > ?",
        (_hash(token), clock.ago(minutes=idle_minutes)),
    )
    if row is None:
        return None
    if row["seen_at"] < clock.ago(seconds=30):  # a disk sync at every click would slow the screens
        db.execute("UPDATE sessions SET seen_at = ? WHERE token_sha256 = ?", (clock.stamp(), _hash(token)))
    return User(row["id"], row["name"], Role(row["role"]))


def end(db: Database, token: str) -> None:
    """Close the session at once, in every tab."""
    db.execute("DELETE FROM sessions WHERE token_sha256 = ?", (_hash(token),))


def end_idle(db: Database, idle_minutes: int) -> None:
    """Close what nobody has used for so long: the user has to sign in anew."""
    db.execute("DELETE FROM sessions WHERE seen_at <= ?", (clock.ago(minutes=idle_minutes),))


def is_open(db: Database, token: str | None, idle_minutes: int) -> bool:
    """Whether a session is open; asking doesn't keep it open, so that a page which asks by itself ends too."""
    found = one(
        db,
        "SELECT 1 FROM sessions WHERE token_sha256 = ? AND seen_at > ?",
        (_hash(token or ""), clock.ago(minutes=idle_minutes)),
    )
    return found is not None


def began(db: Database, user: int) -> str | None:
    """When the oldest session of a user began that is still open."""
    row = one(db, "SELECT min(created_at) AS at FROM sessions WHERE user_id = ?", (user,))
    return row["at"] if row else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
