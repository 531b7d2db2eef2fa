"""Accounts: made, changed, disabled and reset by admins; nobody is left without one who can."""

import pytest

from cxr_core.errors import BadInput, Conflict, NotFound
from cxr_core.records import Role
from cxr_core.store import users
from cxr_core.store.db import opened, transaction
from cxr_core.work import accounts, people, starting
from cxr_core.work.guarding import COMMAND_LINE
from tests.store.rows import MISTYPED
from tests.work.sites import add_user, new_home, query

PASSWORD = "a long password"


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def admin(settings):
    return add_user(settings, Role.ADMIN)


@pytest.fixture
def ann(settings):
    return add_user(settings, name="ann")


def last_event(settings):
    return query(settings, "SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT 1")[0]


def test_the_first_start_makes_one_admin_and_no_second(settings):
    code = people.first_code(settings.home)
    assert people.add_first_admin(settings.home, code, "ada", "a long password").role is Role.ADMIN
    with pytest.raises(Conflict, match="ask an admin"):
        people.add_first_admin(settings.home, code, "eve", "a long password")


def test_a_demo_takes_no_first_admin(settings):
    code = people.first_code(settings.home)
    starting.ask_for_demo(settings.home)
    with pytest.raises(Conflict):
        people.add_first_admin(settings.home, code, "ada", "a long password")


def test_who_made_an_account_is_on_record(settings):
    code = people.first_code(settings.home)
    people.add_first_admin(settings.home, code, "ada", "a long password")
    people.add_user(settings.home, COMMAND_LINE, "bob", Role.RADIOLOGIST, "a long password")
    made = [row["actor"] for row in query(settings, "SELECT actor FROM audit WHERE action = 'add user' ORDER BY id")]
    assert made == ["first start", "command line"]


def test_the_only_admin_need_not_be_named(settings):
    with pytest.raises(NotFound, match="users add NAME --role admin"):
        people.admin_named(settings.home, COMMAND_LINE, None)
    admin = add_user(settings, Role.ADMIN)
    assert people.admin_named(settings.home, COMMAND_LINE, None) == admin
    assert people.admin_named(settings.home, COMMAND_LINE, "ADMIN") == admin
    add_user(settings, Role.ADMIN, "second")
    with pytest.raises(BadInput, match="--by: admin, second"):
        people.admin_named(settings.home, COMMAND_LINE, None)
    with pytest.raises(NotFound, match="no admin radiologist"):
        people.admin_named(settings.home, COMMAND_LINE, "radiologist")


@pytest.mark.parametrize("role", list(Role))
def test_who_is_invited_chooses_a_password_and_has_the_role(settings, admin, role):
    given = people.invite(settings.home, admin, "eva", role)
    assert accounts.judge(settings, "eva", given).must_change
    token = accounts.change_password(settings, "eva", given, PASSWORD).token
    assert accounts.user_of(settings, token).role is role


def test_a_reset_ends_what_was_and_gives_a_password_once(settings, admin, ann):
    token = accounts.sign_in(settings, "ann", PASSWORD)
    for _ in range(MISTYPED):
        accounts.sign_in(settings, "ann", "wrong password")
    given = people.reset_password(settings.home, admin, "ann")
    assert accounts.user_of(settings, token) is None
    assert accounts.judge(settings, "ann", given).must_change
    assert given not in str(query(settings, "SELECT * FROM audit"))
    assert last_event(settings) == {"actor": "admin", "action": "reset password", "subject": "ann"}


def test_another_role_holds_from_the_next_sign_in(settings, admin, ann):
    token = accounts.sign_in(settings, "ann", PASSWORD)
    people.change_role(settings.home, admin, "ANN", Role.AUDITOR)
    assert accounts.user_of(settings, token) is None
    assert accounts.user_of(settings, accounts.sign_in(settings, "ann", PASSWORD)).role is Role.AUDITOR
    with pytest.raises(Conflict, match="auditor already"):
        people.change_role(settings.home, admin, "ann", Role.AUDITOR)


def test_who_is_disabled_is_out_until_enabled_again_and_their_reads_stay_theirs(settings, admin, ann):
    token = accounts.sign_in(settings, "ann", PASSWORD)
    people.disable(settings.home, admin, "ann")
    assert accounts.user_of(settings, token) is None
    assert accounts.sign_in(settings, "ann", PASSWORD) is None
    with pytest.raises(Conflict, match="disabled already"):
        people.disable(settings.home, admin, "ann")
    people.enable(settings.home, admin, "ann")
    assert accounts.user_of(settings, accounts.sign_in(settings, "ann", PASSWORD)) == ann
    with pytest.raises(Conflict, match="isn't disabled"):
        people.enable(settings.home, admin, "ann")


def test_the_last_admin_stays_one(settings, admin):
    for change in (people.disable, lambda *who: people.change_role(*who, Role.AUDITOR)):
        with pytest.raises(Conflict, match="only admin: make another first"):
            change(settings.home, COMMAND_LINE, admin.name)
    second = add_user(settings, Role.ADMIN, "second")
    people.disable(settings.home, admin, "second")
    with pytest.raises(Conflict):
        people.disable(settings.home, COMMAND_LINE, admin.name)
    people.enable(settings.home, admin, "second")
    people.disable(settings.home, second, admin.name)


def test_sessions_are_counted_and_ended_by_an_admin(settings, admin, ann):
    tokens = [accounts.sign_in(settings, "ann", PASSWORD) for _ in range(2)]
    (person,) = [each for each in people.everybody(settings, admin) if each.account.id == ann.id]
    assert (person.sessions, person.locked_until) == (2, None)
    assert people.end_sessions(settings.home, admin, "ann") == 2
    assert [accounts.user_of(settings, token) for token in tokens] == [None, None]


def test_whoever_mistyped_too_often_is_seen_and_unlocked(settings, admin, ann):
    for _ in range(MISTYPED):
        accounts.sign_in(settings, "ann", "wrong password")
    assert accounts.sign_in(settings, "ann", PASSWORD) is None
    assert [each.account.name for each in people.everybody(settings, admin) if each.locked_until] == ["ann"]
    people.unlock(settings.home, admin, "ann")
    assert accounts.sign_in(settings, "ann", PASSWORD)


def test_whom_the_hospital_signs_in_gets_no_password_here(settings, admin):
    with opened(settings.home) as db, transaction(db):
        users.add_known(db, "eva", Role.RADIOLOGIST, "issuer subject", by="a test")
    with pytest.raises(BadInput, match="hospital's own sign-in"):
        people.reset_password(settings.home, admin, "eva")


@pytest.mark.parametrize(
    "use", [people.disable, people.enable, people.unlock, people.reset_password, people.end_sessions]
)
def test_nobody_of_that_name_is_said_to_be_nobody(settings, admin, use):
    with pytest.raises(NotFound, match="no user called eva"):
        use(settings.home, admin, "eva")
