"""Signed-in sessions: a random token in the browser's cookie, its hash here."""

from __future__ import annotations

import hashlib
import secrets

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.records import Role, SessionLimits, User
from cxr_core.store.db import count, one, rows, within

_OPEN = "s.seen_at > :seen AND s.created_at > :began AND u.disabled_at IS NULL"
"""Whether session `s` of user `u` is open: used of late, not begun too long ago, and the account not disabled since."""


def start(db: Database, user: User, limits: SessionLimits) -> str:
    """Open a session and return its token, which only the browser keeps; sessions that are over are deleted."""
    end_over(db, limits)
    token = secrets.token_urlsafe(32)
    moment = clock.stamp()
    db.table("sessions").insert(
        {"token_sha256": _hash(token), "user_id": user.id, "created_at": moment, "seen_at": moment}
    )
    return token


def user_of(db: Database, token: str | None, limits: SessionLimits) -> User | None:
    """Whose session this is, if it is open; using it keeps it open, but not beyond the hours that one may last."""
    if not token:
        return None
    row = one(
        db,
        f"SELECT u.id, u.name, u.role, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id "
        f"WHERE s.token_sha256 = :token AND {_OPEN}",
        {"token": _hash(token), **_since(limits)},
    )
    if row is None:
        return None
    if row["seen_at"] < clock.ago(seconds=30):  # a disk sync at every click would slow the screens
        with within(db):
            db.execute("UPDATE sessions SET seen_at = ? WHERE token_sha256 = ?", (clock.stamp(), _hash(token)))
    return User(row["id"], row["name"], Role(row["role"]))


def end(db: Database, token: str) -> None:
    """Close the session at once, in every tab."""
    db.execute("DELETE FROM sessions WHERE token_sha256 = ?", (_hash(token),))


def end_all(db: Database, user: int) -> int:
    """Close all sessions of a user; returns how many."""
    return db.execute("DELETE FROM sessions WHERE user_id = ?", (user,)).rowcount


def end_every(db: Database) -> None:
    """End all sessions of all users."""
    db.execute("DELETE FROM sessions")


def end_over(db: Database, limits: SessionLimits) -> None:
    """Close what nobody has used for too long, or has lasted too long: the user has to sign in anew."""
    db.execute("DELETE FROM sessions WHERE seen_at <= :seen OR created_at <= :began", _since(limits))


def is_open(db: Database, token: str | None, limits: SessionLimits) -> bool:
    """Whether a session is open; asking doesn't keep it open, so that a page which asks by itself ends too."""
    found = one(
        db,
        f"SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_sha256 = :token AND {_OPEN}",
        {"token": _hash(token or ""), **_since(limits)},
    )
    return found is not None


def how_many(db: Database, limits: SessionLimits) -> int:
    """How many sessions are open."""
    return count(db, f"SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE {_OPEN}", _since(limits))


def open_of(db: Database, user: int, limits: SessionLimits) -> list[dict[str, str]]:
    """The open sessions of a user, newest first: `token_sha256`, `created_at`, `seen_at`."""
    return rows(
        db,
        f"SELECT s.token_sha256, s.created_at, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id "
        f"WHERE s.user_id = :user AND {_OPEN} ORDER BY s.created_at DESC",
        {"user": user, **_since(limits)},
    )


def is_of(session: dict[str, str], token: str | None) -> bool:
    """Whether a session of `open_of` is that of a token."""
    return session["token_sha256"] == _hash(token or "")


def _since(limits: SessionLimits) -> dict[str, str]:
    return {"seen": clock.ago(minutes=limits.idle_minutes), "began": clock.ago(hours=limits.hours)}


def began(db: Database, user: int) -> str | None:
    """When the oldest session of a user began that is still open."""
    row = one(db, "SELECT min(created_at) AS at FROM sessions WHERE user_id = ?", (user,))
    return row["at"] if row else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
