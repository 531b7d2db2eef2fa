"""Accounts: argon2 hashes, and the same answer to a wrong name and a wrong password."""

import pytest

from cxr_core.errors import BadInput, Conflict
from cxr_core.records import Role
from cxr_core.store import users
from tests.store.rows import PASSWORD, add_user


def test_name_and_password_together_sign_in(db):
    user = add_user(db, "Ada", Role.ADMIN)
    assert users.check_password(db, "Ada", PASSWORD) == user
    assert users.check_password(db, "ada", PASSWORD) == user


@pytest.mark.parametrize(("name", "password"), [("Ada", "wrong password"), ("Ada", ""), ("nobody", PASSWORD), ("", "")])
def test_anything_else_does_not(db, name, password):
    add_user(db, "Ada")
    assert users.check_password(db, name, password) is None


def test_a_password_is_kept_as_an_argon2id_hash_only(db, home):
    add_user(db)
    (stored,) = db.execute("SELECT password_hash FROM users").fetchone()
    assert stored.startswith("$argon2id$")
    assert all(PASSWORD.encode() not in path.read_bytes() for path in home.iterdir())


def test_a_damaged_hash_signs_nobody_in(db):
    add_user(db)
    db.execute("UPDATE users SET password_hash = 'not a hash'")
    assert users.check_password(db, "reader", PASSWORD) is None


@pytest.mark.parametrize("name", ["reader", "READER"])
def test_a_name_is_taken_once(db, name):
    add_user(db, "reader")
    with pytest.raises(Conflict, match="already a user called"):
        add_user(db, name)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
def test_a_name_must_fit(db, name):
    with pytest.raises(BadInput, match="1 to 64 characters"):
        add_user(db, name)


def test_a_short_password_is_refused(db):
    with pytest.raises(BadInput, match="at least 8 characters"):
        users.add(db, "reader", Role.RADIOLOGIST, "1234567", by="a test")
    assert not users.any_user(db)


def test_people_are_found_by_role(db):
    admin, _ = add_user(db, "b", Role.ADMIN), add_user(db, "c")
    other = add_user(db, "a", Role.ADMIN)
    assert users.with_role(db, Role.ADMIN) == [other, admin]
    assert users.any_user(db)


def test_a_new_account_is_in_the_audit_chain(db):
    add_user(db, "Ada", Role.ADMIN)
    assert db.execute("SELECT action, subject, details FROM audit").fetchall() == [
        ("add user", "Ada", '{"role": "admin"}')
    ]
