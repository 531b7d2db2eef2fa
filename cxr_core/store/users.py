"""People who may sign in. Passwords are kept as argon2id hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.records import Role, User
from cxr_core.store import audit, site
from cxr_core.store.db import count, insert, one, rows, transaction

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
LONGEST_NAME = 64
FIRST_START = "first start"
"""Who adds the first admin: whoever has the code from the console, while nobody has an account."""
HOSPITAL = "hospital's sign-in"
"""Who makes and changes accounts that it vouches for."""
ACTORS = frozenset({"program", "command line", "somebody", "demo", FIRST_START, HOSPITAL})
"""Who stands in the audit chain and is no user: nobody may be called so."""
SENDER = "sender "
"""With this, and then its name, a sender of the network stands there: nobody's name may begin so."""
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")
_NO_PASSWORD = ""
"""In place of a hash: no password fits it."""


@dataclass(frozen=True)
class Account:
    """An account, as admins see it."""

    id: int
    name: str
    role: Role
    created_at: str
    disabled_at: str | None
    must_change: bool
    """The password is one that an admin gave: it opens nothing but the choice of another."""
    subject: str | None
    """Who it is at the hospital's own sign-in; None for an account with a password."""
    signed_in_at: str | None

    @property
    def user(self) -> User:
        """Whose it is."""
        return User(self.id, self.name, self.role)


def add(db: Database, name: str, role: Role, password: str, by: str, must_change: bool = False) -> User:
    """A new user. Raises BadInput for a name or password that won't do, Conflict for a taken name.

    With `by` FIRST_START, raises Conflict too if there is anybody already, or the home is a demo.
    """
    require_name(name)
    require_password(name, password)
    hashed = _hasher.hash(password)
    with transaction(db):
        if by == FIRST_START and (any_user(db) or site.get(db, site.DEMO)):
            raise Conflict("there are accounts already: ask an admin, or use `python -m cxr_core users add`")
        row = {"password_hash": hashed, "must_change": int(must_change)}
        return _add(db, name, role, row, by)


def add_known(db: Database, name: str, role: Role, subject: str, by: str) -> User:
    """A new user whom the hospital's own sign-in knows as `subject`, within the caller's transaction.

    Raises BadInput or Conflict as `add` does for the name.
    """
    require_name(name)
    return _add(db, name, role, {"password_hash": _NO_PASSWORD, "subject": subject}, by)


def _add(db: Database, name: str, role: Role, row: dict[str, Any], by: str) -> User:
    if one(db, "SELECT 1 FROM users WHERE name = ?", (name,)):
        raise Conflict(f"there is already a user called {name}")
    whole = {"name": name, "role": role.value, "created_at": clock.stamp(), **row}
    user = User(insert(db, "users", whole), name, role)
    audit.record(db, by, "add user", name, role=role.value)
    return user


def require_name(name: str) -> None:
    """Raises BadInput for a name that can't be told from others at a glance.

    It may be neither empty nor long, have no odd characters, and not be what the audit log calls the program.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise BadInput(f"a user's name has 1 to {LONGEST_NAME} characters")
    if name != name.strip() or not name.isprintable():
        raise BadInput("a user's name has no blanks around it, and no characters that don't show")
    if is_of_the_program(name):
        raise BadInput(f"{name} is what the audit log calls the program, not a person: choose another name")


def is_of_the_program(name: str) -> bool:
    """Whether the audit chain calls the program or a sender so, in whichever case."""
    known = name.casefold()
    return known in ACTORS or known.startswith(SENDER)


def require_password(name: str, password: str) -> None:
    """Raises BadInput for a password that is too short, too long, or the name itself."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"a password has at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise BadInput(f"a password has at most {LONGEST_PASSWORD} characters")
    if password.strip().lower() == name.strip().lower():
        raise BadInput("a password isn't the name: choose another")


def standing(db: Database, name: str) -> tuple[Any, ...] | None:
    """What a password is judged by, to be compared alone; None where nobody is called so.

    Judging takes a sixth of a second, so not within a transaction: whoever asks before it and again where something is
    opened by it learns whether an admin, or the user elsewhere, has changed the account meanwhile.
    """
    row = one(db, "SELECT id, password_hash, must_change, disabled_at FROM users WHERE name = ?", (name,))
    return tuple(row.values()) if row else None


def check_password(db: Database, name: str, password: str) -> Account | None:
    """The account whose name and password these are, or None; all answers take the same time.

    None too for one that is disabled, or that the hospital's own sign-in stands for.
    """
    row = one(db, f"{_ACCOUNTS} WHERE name = ?", (name,))
    try:
        _hasher.verify(row["password_hash"] if row and row["password_hash"] else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    return _account(row) if row and row["password_hash"] and not row["disabled_at"] else None


def set_password(db: Database, user: int, hashed: str, must_change: bool) -> None:
    """Give a user another password, by what `hash_of` makes of it."""
    db.execute("UPDATE users SET password_hash = ?, must_change = ? WHERE id = ?", (hashed, int(must_change), user))


def hash_of(password: str) -> str:
    """The argon2id hash of a password: a sixth of a second, so not within a transaction."""
    return _hasher.hash(password)


def set_role(db: Database, user: int, role: Role) -> None:
    """Give a user another role."""
    db.execute("UPDATE users SET role = ? WHERE id = ?", (role.value, user))


def set_disabled(db: Database, user: int, disabled: bool) -> None:
    """Let a user sign in no more, or again."""
    db.execute("UPDATE users SET disabled_at = ? WHERE id = ?", (clock.stamp() if disabled else None, user))


def signed_in(db: Database, user: int) -> None:
    """Note that a user signs in now."""
    db.execute("UPDATE users SET signed_in_at = ? WHERE id = ?", (clock.stamp(), user))


def named(db: Database, name: str) -> Account | None:
    """The account with this name, in whichever case, or None."""
    row = one(db, f"{_ACCOUNTS} WHERE name = ?", (name,))
    return _account(row) if row else None


def account(db: Database, name: str) -> Account:
    """The same. Raises NotFound where there is none."""
    if found := named(db, name):
        return found
    raise NotFound(f"there is no user called {name}")


def known_as(db: Database, subject: str) -> Account | None:
    """The account of whom the hospital's own sign-in knows as `subject`, or None."""
    row = one(db, f"{_ACCOUNTS} WHERE subject = ?", (subject,))
    return _account(row) if row else None


def all_accounts(db: Database) -> list[Account]:
    """Everybody, by name."""
    return [_account(row) for row in rows(db, f"{_ACCOUNTS} ORDER BY name")]


def with_role(db: Database, role: Role) -> list[User]:
    """Everybody with this role who may sign in, by name."""
    return [each.user for each in all_accounts(db) if each.role is role and not each.disabled_at]


def any_user(db: Database) -> bool:
    """Whether anybody could sign in at all."""
    return count(db, "SELECT count(*) FROM users") > 0


_ACCOUNTS = (
    "SELECT id, name, role, password_hash, created_at, disabled_at, must_change, subject, signed_in_at FROM users"
)


def _account(row: dict[str, Any]) -> Account:
    known = {name: value for name, value in row.items() if name != "password_hash"}
    return Account(**{**known, "role": Role(row["role"]), "must_change": bool(row["must_change"])})
