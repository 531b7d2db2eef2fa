"""Accounts: argon2 hashes, and the same answer to a wrong name and a wrong password."""

import pytest

from cxr_core.errors import BadInput, Conflict
from cxr_core.records import Role
from cxr_core.store import users
from tests.store.rows import PASSWORD, add_user


def test_name_and_password_together_sign_in(db):
    user = add_user(db, "Ada", Role.ADMIN)
    assert users.check_password(db, "Ada", PASSWORD).user == user
    assert users.check_password(db, "ada", PASSWORD).user == user


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


@pytest.mark.parametrize("name", [" ann", "ann ", "a\tn", "a\x1b[2Jn", "ann\u200b", "\u202enna"])
def test_a_name_that_does_not_show_what_it_is_is_refused(db, name):
    with pytest.raises(BadInput, match="characters that don't show"):
        add_user(db, name)


@pytest.mark.parametrize("name", [*sorted(users.ACTORS), "Program", "COMMAND LINE", "Sender CT router"])
def test_what_the_audit_log_calls_the_program_or_a_sender_is_nobodys_name(db, name):
    with pytest.raises(BadInput, match="what the audit log calls the program"):
        add_user(db, name)
    with pytest.raises(BadInput, match="what the audit log calls the program"):
        users.add_known(db, name, Role.ADMIN, "https://login.hospital 1", by="a test")


@pytest.mark.parametrize("password", ["long name", "LONG NAME ", "x" * 257])
def test_a_password_that_is_the_name_or_endless_is_refused(db, password):
    with pytest.raises(BadInput, match=r"isn't the name|at most 256"):
        users.add(db, "long name", Role.RADIOLOGIST, password, by="a test")


def test_who_is_known_to_the_hospital_has_no_password(db):
    user = users.add_known(db, "Ada", Role.ADMIN, "issuer subject", by="a test")
    assert users.known_as(db, "issuer subject").user == user
    assert users.known_as(db, "issuer another") is None
    assert [users.check_password(db, "Ada", password) for password in ("", PASSWORD)] == [None, None]


def test_a_disabled_user_has_no_right_password_and_is_no_admin_to_count_on(db):
    user = add_user(db, "Ada", Role.ADMIN)
    users.set_disabled(db, user.id, True)
    assert users.check_password(db, "Ada", PASSWORD) is None
    assert users.with_role(db, Role.ADMIN) == []


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
