"""Alarms: each signal once, silent when it is steady again, open until they are closed; and images beside them."""

from datetime import date

import pytest

from cxr_core.errors import NotFound
from cxr_core.records import Role
from cxr_core.store import alarms, images
from tests.store.rows import add_image, add_user


def signal(name="mean", scope="site", day="2026-01-05", effect=0.3):
    return {"scope": scope, "beside": "model", "signal": name, "day": day, "effect": effect, "chance": 0.0, "n": 40,
            "what": "", "sudden": 0}  # fmt: skip


@pytest.fixture
def alarm(db):
    """An alarm of the site with one signal."""
    number = alarms.open_one(db, "site", "2026-01-05", "2026-01-04", "first", "inverted pictures")
    alarms.attach(db, number, [signal()])
    return number


def speaking(db):
    return [(row["scope"], row["signal"]) for row in alarms.speaking(db)]


def test_a_signal_of_an_alarm_is_kept_once_as_it_spoke_first(db, alarm):
    alarms.attach(db, alarm, [signal(day="2026-01-06", effect=0.9), signal("noise", effect=0.5)])
    found = alarms.signals(db, alarm)
    assert [(row["signal"], row["day"], row["effect"]) for row in found] == [
        ("noise", "2026-01-05", 0.5), ("mean", "2026-01-05", 0.3),
    ]  # fmt: skip


def test_the_same_signal_of_another_place_is_another(db, alarm):
    alarms.attach(db, alarm, [signal(scope="device tube")])
    assert speaking(db) == [("site", "mean"), ("device tube", "mean")]
    alarms.fell_silent(db, alarm, "site", "model", "mean", "2026-01-07")
    assert speaking(db) == [("device tube", "mean")]


def test_what_fell_silent_speaks_no_more_until_it_is_attached_again(db, alarm):
    alarms.fell_silent(db, alarm, "site", "model", "mean", "2026-01-07")
    assert speaking(db) == []
    assert alarms.signals(db, alarm)[0]["over"] == "2026-01-07"
    alarms.attach(db, alarm, [signal(day="2026-01-09")])
    assert speaking(db) == [("site", "mean")]
    assert alarms.signals(db, alarm)[0]["over"] is None


def test_an_alarm_is_open_until_it_is_closed_and_speaks_on(db, alarm):
    admin = add_user(db, "admin", Role.ADMIN)
    assert [found.id for found in alarms.open_alarms(db)] == [alarm]
    assert alarms.closed(db, 5) == []
    alarms.assign(db, alarm, admin.id)
    assert alarms.get(db, alarm).owner == "admin"
    alarms.close(db, alarm, admin.id, "a tube", "called")
    assert alarms.open_alarms(db) == []
    (found,) = alarms.closed(db, 5)
    assert (found.cause, found.action, found.closed_by, found.owner) == ("a tube", "called", "admin", "admin")
    assert speaking(db) == [("site", "mean")]


def test_a_closed_alarm_stays_as_it_was_closed(db, alarm):
    admin, other = add_user(db, "admin", Role.ADMIN), add_user(db, "other", Role.ADMIN)
    alarms.close(db, alarm, admin.id, "a tube", "called")
    before = alarms.get(db, alarm)
    alarms.close(db, alarm, other.id, "nothing", "nothing")
    alarms.assign(db, alarm, other.id)
    assert alarms.get(db, alarm) == before


def ends(db, since):
    return {span.signal: (span.first, span.last) for span in alarms.spans(db, since)}


def test_an_alarm_spans_from_its_beginning_to_the_end_of_each_signal_or_its_own(db, alarm):
    admin, first = add_user(db, "admin", Role.ADMIN), date(2026, 1, 4)
    alarms.attach(db, alarm, [signal("noise"), signal("noise", "device tube")])
    alarms.fell_silent(db, alarm, "site", "model", "noise", "2026-05-01")
    assert ends(db, "2026-01-01")["noise"] == (first, None), "of the device it speaks"
    alarms.fell_silent(db, alarm, "device tube", "model", "noise", "2026-05-03")
    assert ends(db, "2026-05-03") == {"mean": (first, None), "noise": (first, date(2026, 5, 3))}
    assert set(ends(db, "2026-05-04")) == {"mean"}
    alarms.close(db, alarm, admin.id, "a tube", "called")
    closed = date.fromisoformat(alarms.get(db, alarm).closed_at[:10])
    assert ends(db, "2026-01-01")["mean"] == (first, closed)


def test_an_alarm_that_is_not_there_is_not_found(db):
    with pytest.raises(NotFound, match="no alarm 7"):
        alarms.get(db, 7)


def test_the_images_beside_an_alarm_are_the_newest_of_its_place(db):
    known = [add_image(db, number) for number in range(5)]
    db.execute("UPDATE images SET device = 'tube' WHERE id IN (?, ?)", (known[0], known[3]))
    since = images.get(db, known[1])["received_at"]
    assert images.lately(db, since, {}, 2) == [known[4], known[3]]
    assert images.lately(db, since, {"device": "tube"}, 6) == [known[3]]
    assert images.lately(db, since[:10], {}, 6) == known[::-1]
