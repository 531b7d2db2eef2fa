"""People who may sign in. Passwords are kept as argon2id hashes only."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

from cxr_core import clock
from cxr_core.errors import BadInput, Conflict
from cxr_core.records import Role, User
from cxr_core.store import audit, site
from cxr_core.store.db import count, insert, one, rows, transaction

SHORTEST_PASSWORD = 8
FIRST_START = "first start"
"""Who adds the first admin: whoever sits at the machine, while nobody has an account."""
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")


def add(db: Database, name: str, role: Role, password: str, by: str) -> User:
    """A new user. Raises BadInput for an empty name or a short password, Conflict for a taken name.

    With `by` FIRST_START, raises Conflict too if there is anybody already, or the home is a demo.
    """
    if not name.strip() or len(name) > 64:
        raise BadInput("a user's name has 1 to 64 characters")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"a password has at least {SHORTEST_PASSWORD} characters")
    hashed = _hasher.hash(password)
    with transaction(db):
        if by == FIRST_START and (any_user(db) or site.get(db, "demo")):
            raise Conflict("there are accounts already: ask an admin, or use `python -m cxr_core users add`")
        if one(db, "SELECT 1 FROM users WHERE name = ?", (name,)):
            raise Conflict(f"there is already a user called {name}")
        row = {"name": name, "role": role.value, "password_hash": hashed, "created_at": clock.stamp()}
        user = User(insert(db, "users", row), name, role)
        audit.record(db, by, "add user", name, role=role.value)
    return user


def check_password(db: Database, name: str, password: str) -> User | None:
    """The user whose name and password these are, or None; both answers take the same time."""
    row = one(db, "SELECT id, name, role, password_hash FROM users WHERE name = ?", (name,))
    try:
        _hasher.verify(row["password_hash"] if row else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    return _user(row) if row else None


def named(db: Database, name: str) -> User | None:
    """The user with this name, or None."""
    row = one(db, "SELECT id, name, role FROM users WHERE name = ?", (name,))
    return _user(row) if row else None


def with_role(db: Database, role: Role) -> list[User]:
    """Everybody with this role, by name."""
    return [_user(row) for row in rows(db, "SELECT id, name, role FROM users WHERE role = ? ORDER BY name", (role,))]


def any_user(db: Database) -> bool:
    """Whether anybody could sign in at all."""
    return count(db, "SELECT count(*) FROM users") > 0


def _user(row: dict[str, object]) -> User:
    return User(int(str(row["id"])), str(row["name"]), Role(str(row["role"])))
