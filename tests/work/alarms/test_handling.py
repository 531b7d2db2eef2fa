"""What admins do about an alarm: take it, and close it with what it was."""

from __future__ import annotations

import pytest

from cxr_core.errors import BadInput, Conflict, NotAllowed, NotFound
from cxr_core.records import Role
from cxr_core.store import audit
from cxr_core.store.db import opened
from cxr_core.work.drift import alarming
from tests.work.alarms.conftest import standing
from tests.work.sites import add_user, query


def test_an_admin_takes_an_alarm_and_closes_it_with_what_it_was(settings, alarm, admin):
    alarming.take(settings.home, admin, alarm)
    assert standing(settings, admin)[0].alarm.owner == "admin"
    alarming.close(settings.home, admin, alarm, " a new tube ", " called ")
    assert standing(settings, admin) == []
    (found,) = alarming.past(settings.home, admin)
    assert (found.cause, found.action, found.closed_by) == ("a new tube", "called", "admin")
    events = query(settings, "SELECT actor, action, subject FROM audit WHERE action LIKE '%alarm' ORDER BY id")
    assert events == [
        {"actor": "admin", "action": f"{verb} alarm", "subject": str(alarm)} for verb in ("take", "close")
    ]
    with opened(settings.home) as db:
        audit.verify(db)


def test_another_admin_may_take_an_alarm_over(settings, alarm, admin):
    other = add_user(settings, Role.ADMIN, "other")
    alarming.take(settings.home, admin, alarm)
    alarming.take(settings.home, other, alarm)
    assert standing(settings, admin)[0].alarm.owner == "other"


@pytest.mark.parametrize(("cause", "action"), [("", "called"), ("a tube", "  ")])
def test_an_alarm_is_not_closed_without_words(settings, alarm, admin, cause, action):
    with pytest.raises(BadInput, match="say what it was"):
        alarming.close(settings.home, admin, alarm, cause, action)
    assert len(standing(settings, admin)) == 1
    assert query(settings, "SELECT * FROM audit WHERE action = 'close alarm'") == []


def test_a_closed_alarm_is_neither_taken_nor_closed_again(settings, alarm, admin):
    alarming.close(settings.home, admin, alarm, "a tube", "called")
    for act in (alarming.take, lambda *where: alarming.close(*where, "nothing", "nothing")):
        with pytest.raises(Conflict, match="closed already, by admin: “a tube”"):
            act(settings.home, admin, alarm)
    assert alarming.past(settings.home, admin)[0].cause == "a tube"


def test_an_alarm_that_is_not_there_is_not_found(settings, admin):
    with pytest.raises(NotFound):
        alarming.take(settings.home, admin, 9)


def test_alarms_are_for_admins(settings, alarm, ann):
    for use, more in ((alarming.standing, ()), (alarming.take, (alarm,)), (alarming.close, (alarm, "a", "b"))):
        with pytest.raises(NotAllowed):
            use(settings.home, ann, *more)
