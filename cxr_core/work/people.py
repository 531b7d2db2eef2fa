"""Who has an account: made, changed, disabled and reset by admins, and the first by a code from the console."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.records import Role, User
from cxr_core.settings import Settings
from cxr_core.store import attempts, audit, secret, sessions, site, users
from cxr_core.store.db import opened, transaction
from cxr_core.store.users import Account
from cxr_core.work import accounts
from cxr_core.work.guarding import OVERSIGHT, open_to

FIRST_CODE = "first code"
"""The fact of the site that holds the hash of the code that makes the first admin."""
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that are taken for one another."""


@dataclass(frozen=True)
class Person:
    """An account with what is going on with it."""

    account: Account
    sessions: int
    """How many are open."""
    locked_until: datetime | None
    """Too many wrong passwords in a row: nobody gets in by this name before then."""


def first_code(home: Path) -> str | None:
    """A new code that makes the first admin, once; None where somebody has an account, or the home is a demo."""
    code = _made_up()
    with opened(home) as db, transaction(db):
        if users.any_user(db) or site.get(db, site.DEMO):
            return None
        site.put(db, FIRST_CODE, _hash(code))
    return code


def add_first_admin(home: Path, code: str, name: str, password: str) -> User:
    """The first account of a home. Raises NotAllowed for a wrong code, Conflict once there is an account."""
    with opened(home) as db:
        if not hmac.compare_digest(_hash(code), site.get(db, FIRST_CODE) or ""):
            raise NotAllowed("this is not the code that the program printed on its console when it was started last")
        return users.add(db, name, Role.ADMIN, password, by=users.FIRST_START)


def _made_up() -> str:
    """Twelve letters and digits in threes and fours: 59 bits, which nobody guesses at a door that makes them wait."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def _hash(code: str) -> str:
    """With whatever stands between its letters and digits, or nothing: people type it off a console."""
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).hexdigest()


@open_to(*OVERSIGHT)
def everybody(settings: Settings, user: User) -> list[Person]:
    """All accounts, by name."""
    key = secret.site_secret(settings.home)
    with opened(settings.home) as db:
        return [_person(db, settings, key, account) for account in users.all_accounts(db)]


def _person(db: Database, settings: Settings, key: bytes, account: Account) -> Person:
    open_now = len(sessions.open_of(db, account.id, settings.session_limits))
    return Person(account, open_now, attempts.locked_until(db, attempts.key_of(key, account.name)))


@open_to(Role.ADMIN)
def add_user(home: Path, user: User, name: str, role: Role, password: str, must_change: bool = False) -> User:
    """A new account. Raises BadInput or Conflict."""
    with opened(home) as db:
        return users.add(db, name, role, password, by=user.name, must_change=must_change)


@open_to(Role.ADMIN)
def invite(home: Path, user: User, name: str, role: Role) -> str:
    """A new account; returns its first password, which opens nothing but the choice of another."""
    password = _made_up()
    add_user(home, user, name, role, password, must_change=True)
    return password


@open_to(Role.ADMIN)
def reset_password(home: Path, user: User, name: str) -> str:
    """Give somebody a new first password, which is returned; ends their sessions, and their wait for wrong ones.

    Raises NotFound, or BadInput for an account that the hospital's own sign-in stands for.
    """
    password = _made_up()
    hashed = users.hash_of(password)
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        if account.subject:
            raise BadInput(f"{account.name} signs in with the hospital's own sign-in: reset the password there")
        users.set_password(db, account.id, hashed, must_change=True)
        _unlock(db, home, account)
        accounts.end_sessions(db, account.id)
        audit.record(db, user.name, "reset password", account.name)
    return password


@open_to(Role.ADMIN)
def unlock(home: Path, user: User, name: str) -> None:
    """Let somebody try again at once who has mistyped too often. Raises NotFound."""
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        _unlock(db, home, account)
        audit.record(db, user.name, "unlock user", account.name)


def _unlock(db: Database, home: Path, account: Account) -> None:
    attempts.begin_anew(db, attempts.key_of(secret.site_secret(home), account.name))


@open_to(Role.ADMIN)
def change_role(home: Path, user: User, name: str, role: Role) -> None:
    """Give somebody another role, and have them sign in anew.

    Raises NotFound, Conflict where nobody would be left who is an admin, or nothing changes, or BadInput for an account
    that the hospital's own sign-in stands for.
    """
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        if account.subject:
            raise BadInput(f"{account.name} has the role that the hospital's own sign-in gives: change it there")
        if account.role is role:
            raise Conflict(f"{account.name} is {role} already")
        _require_another_admin(db, account)
        users.set_role(db, account.id, role)
        accounts.end_sessions(db, account.id)
        audit.record(db, user.name, "change role", account.name, role=role.value, before=account.role.value)


@open_to(Role.ADMIN)
def disable(home: Path, user: User, name: str) -> None:
    """Let somebody sign in no more, and end their sessions at once; their reads stay.

    Raises NotFound, or Conflict where nobody would be left who is an admin, or it is disabled already.
    """
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        if account.disabled_at:
            raise Conflict(f"{account.name} is disabled already")
        _require_another_admin(db, account)
        users.set_disabled(db, account.id, True)
        accounts.end_sessions(db, account.id)
        audit.record(db, user.name, "disable user", account.name)


@open_to(Role.ADMIN)
def enable(home: Path, user: User, name: str) -> None:
    """Let somebody sign in again. Raises NotFound, or Conflict where they may already."""
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        if not account.disabled_at:
            raise Conflict(f"{account.name} isn't disabled")
        users.set_disabled(db, account.id, False)
        audit.record(db, user.name, "enable user", account.name)


@open_to(Role.ADMIN)
def end_sessions(home: Path, user: User, name: str) -> int:
    """Sign somebody out on every machine; returns of how many sessions. Raises NotFound."""
    with opened(home) as db, transaction(db):
        account = users.account(db, name)
        ended = accounts.end_sessions(db, account.id)
        audit.record(db, user.name, "end sessions", account.name, sessions=ended)
    return ended


def _require_another_admin(db: Database, account: Account) -> None:
    if [each.id for each in users.with_role(db, Role.ADMIN)] == [account.id]:
        raise Conflict(f"{account.name} is the only admin: make another first")


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
