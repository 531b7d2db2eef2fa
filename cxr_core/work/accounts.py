"""Signing in and out, and who may do what."""

from __future__ import annotations

from pathlib import Path

from cxr_core.errors import BadInput, NotFound
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import audit, claims, sessions, users
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import open_to
from cxr_core.work.opening import is_demo

DEMO_ACCOUNTS = (("radiologist", Role.RADIOLOGIST, "demo-radiologist"), ("admin", Role.ADMIN, "demo-admin"))


def sign_in(settings: Settings, name: str, password: str) -> str | None:
    """A session token if name and password fit, else None; both are written to the audit chain."""
    with opened(settings.home) as db:
        user = users.check_password(db, name, password)
        with transaction(db):
            # The typed name isn't kept when it is nobody's: people type passwords into the wrong field.
            audit.record(db, user.name if user else "somebody", "sign in" if user else "failed sign in", "")
            return sessions.start(db, user, settings.idle_minutes) if user else None


def user_of(settings: Settings, token: str | None) -> User | None:
    """The signed-in user of a session token, or None; seeing it keeps the session open."""
    with opened(settings.home) as db:
        return sessions.user_of(db, token, settings.idle_minutes)


def still_open(settings: Settings, token: str | None) -> bool:
    """Whether a session is open; unlike `user_of`, asking doesn't keep it open."""
    with opened(settings.home) as db:
        return sessions.is_open(db, token, settings.idle_minutes)


def sign_out(settings: Settings, token: str) -> None:
    """End a session in every tab, and leave the cases that its user had open to others."""
    with opened(settings.home) as db, transaction(db):
        if user := sessions.user_of(db, token, settings.idle_minutes):
            claims.give_up_all(db, user.id)
        sessions.end(db, token)


def nobody_yet(home: Path) -> bool:
    """Whether no account exists, so that the first start may make one."""
    with opened(home) as db:
        return not users.any_user(db)


@open_to(Role.ADMIN)
def add_user(home: Path, user: User, name: str, role: Role, password: str) -> User:
    """A new account. Raises BadInput or Conflict."""
    with opened(home) as db:
        return users.add(db, name, role, password, by=user.name)


def add_first_admin(home: Path, name: str, password: str) -> User:
    """The first account of a home. Raises Conflict once there is one."""
    with opened(home) as db:
        return users.add(db, name, Role.ADMIN, password, by=users.FIRST_START)


@open_to(Role.ADMIN)
def admin_named(home: Path, user: User, name: str | None) -> User:
    """The admin with this name, or the only admin there is. Raises NotFound or BadInput."""
    with opened(home) as db:
        admins = users.with_role(db, Role.ADMIN)
    found = [user for user in admins if name is None or user.name.lower() == name.lower()]
    if not found:
        raise NotFound(f"there is no admin {name or ''}: `python -m cxr_core users add NAME --role admin`")
    if len(found) > 1:
        raise BadInput(f"say which admin asks, with --by: {', '.join(user.name for user in found)}")
    return found[0]


def shown_accounts(home: Path) -> list[tuple[str, str]]:
    """The demo's accounts (name, password) for the sign-in page; empty where this isn't a demo."""
    return [(name, password) for name, _, password in DEMO_ACCOUNTS] if is_demo(home) else []
