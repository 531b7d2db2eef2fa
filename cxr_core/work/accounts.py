"""Signing in and out, and one's own password."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, NotAllowed
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import attempts, audit, claims, secret, sessions, users
from cxr_core.store.db import opened, transaction
from cxr_core.store.users import Account
from cxr_core.work.guarding import EVERYBODY, open_to
from cxr_core.work.opening import is_demo

DEMO_ACCOUNTS = (("radiologist", Role.RADIOLOGIST, "demo-radiologist"), ("admin", Role.ADMIN, "demo-admin"))


@dataclass(frozen=True)
class Judged:
    """What became of a name and a password."""

    token: str | None = None
    """Of the session that they opened."""
    must_change: bool = False
    """They are right, but the password is one that an admin gave: it opens no session before there is another."""
    wait_seconds: int = 0
    """There were too many wrong ones in a row: nothing was looked at."""


def sign_in(settings: Settings, name: str, password: str) -> str | None:
    """A session token if name and password fit and may be used now, else None."""
    return judge(settings, name, password).token


def judge(settings: Settings, name: str, password: str) -> Judged:
    """Open a session if name and password fit; right and wrong ones are written to the audit chain.

    An account that is changed while they are looked at is refused.
    """
    key = attempts.key_of(secret.site_secret(settings.home), name)
    with opened(settings.home) as db:
        if wait := _wait(db, key):
            return Judged(wait_seconds=wait)
        before = users.standing(db, name)
        account = users.check_password(db, name, password)
        with transaction(db):
            if account is None or users.standing(db, name) != before:
                return _refused(db, key, name)
            attempts.forget(db, key)
            if account.must_change:
                return Judged(must_change=True)
            return Judged(begin(db, settings, account, "password"))


def unlocked_since(settings: Settings, name: str) -> float | None:
    """Seconds since an admin let a name be tried again at once; None where that is long ago or never was."""
    key = attempts.key_of(secret.site_secret(settings.home), name)
    with opened(settings.home) as db:
        then = attempts.begun_anew(db, key)
    return (clock.now() - then).total_seconds() if then else None


def begin(db: Database, settings: Settings, account: Account, way: str) -> str:
    """Open a session for an account and return its token, within the caller's transaction."""
    users.signed_in(db, account.id)
    audit.record(db, account.name, "sign in", "", way=way)
    return sessions.start(db, account.user, settings.session_limits)


def _wait(db: Database, key: str) -> int:
    until = attempts.locked_until(db, key)
    return ceil((until - clock.now()).total_seconds()) if until else 0


def _refused(db: Database, key: str, name: str) -> Judged:
    # What was typed isn't kept unless it is a user's name: people type passwords into the wrong field.
    known = users.named(db, name)
    tried = known.name if known else ""
    audit.record(db, "somebody", "failed sign in", tried)
    if attempts.wrong(db, key):
        audit.record(db, "program", "lock out", tried)
    return Judged(wait_seconds=_wait(db, key))


def change_password(settings: Settings, name: str, password: str, new: str) -> Judged:
    """Put another password in the place of the one that fits, end all sessions, and open a new one.

    An account that is changed meanwhile is refused. Raises BadInput for a new password that won't do, or is the old
    one.
    """
    if new == password:
        raise BadInput("the new password is the old one: choose another")
    users.require_password(name, new)
    key = attempts.key_of(secret.site_secret(settings.home), name)
    with opened(settings.home) as db:
        if wait := _wait(db, key):
            return Judged(wait_seconds=wait)
        before = users.standing(db, name)
        account, hashed = users.check_password(db, name, password), users.hash_of(new)
        with transaction(db):
            if account is None or users.standing(db, name) != before:
                return _refused(db, key, name)
            attempts.forget(db, key)
            users.set_password(db, account.id, hashed, must_change=False)
            sessions.end_all(db, account.id)
            audit.record(db, account.name, "change password", account.name)
            return Judged(begin(db, settings, account, "password"))


def user_of(settings: Settings, token: str | None) -> User | None:
    """The signed-in user of a session token, or None; seeing it keeps the session open."""
    with opened(settings.home) as db:
        return sessions.user_of(db, token, settings.session_limits)


def still_open(settings: Settings, token: str | None) -> bool:
    """Whether a session is open; unlike `user_of`, asking doesn't keep it open."""
    with opened(settings.home) as db:
        return sessions.is_open(db, token, settings.session_limits)


def sign_out(settings: Settings, token: str) -> None:
    """End a session in every tab, and leave the cases that its user had open to others."""
    with opened(settings.home) as db, transaction(db):
        if user := sessions.user_of(db, token, settings.session_limits):
            claims.give_up_all(db, user.id)
            audit.record(db, user.name, "sign out", "")
        sessions.end(db, token)


def end_sessions(db: Database, user: int) -> int:
    """End all of somebody's sessions within the caller's transaction, and leave the cases that they had open to others.

    Returns how many sessions there were.
    """
    claims.give_up_all(db, user)
    return sessions.end_all(db, user)


@open_to(*EVERYBODY)
def sign_out_everywhere(home: Path, user: User) -> int:
    """End all of one's own sessions, on every machine; returns how many."""
    with opened(home) as db, transaction(db):
        ended = end_sessions(db, user.id)
        audit.record(db, user.name, "sign out everywhere", user.name, sessions=ended)
    return ended


@open_to(*EVERYBODY)
def own_sessions(settings: Settings, user: User, token: str | None) -> list[dict[str, Any]]:
    """One's own open sessions, newest first: `created_at`, `seen_at`, and whether it is that of `token` (`this`)."""
    with opened(settings.home) as db:
        found = sessions.open_of(db, user.id, settings.session_limits)
    return [{"created_at": each["created_at"], "seen_at": each["seen_at"], "this": sessions.is_of(each, token)}
            for each in found]  # fmt: skip


@open_to(*EVERYBODY)
def own_account(home: Path, user: User) -> Account:
    """One's own account. Raises NotAllowed where it is gone."""
    with opened(home) as db:
        found = [each for each in users.all_accounts(db) if each.id == user.id]
    if not found:
        raise NotAllowed("this account is gone: sign in again")
    return found[0]


def nobody_yet(home: Path) -> bool:
    """Whether no account exists, so that the first start may make one."""
    with opened(home) as db:
        return not users.any_user(db)


def shown_accounts(home: Path) -> list[tuple[str, str]]:
    """The demo's accounts (name, password) for the sign-in page; empty where this isn't a demo."""
    return [(name, password) for name, _, password in DEMO_ACCOUNTS] if is_demo(home) else []
