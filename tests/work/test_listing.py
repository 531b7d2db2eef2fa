"""Lists: what goes first and never waits for ever, what is drawn for them, and changing them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cxr_core import clock
from cxr_core.errors import BadInput
from cxr_core.records import Mode, Ordering
from cxr_core.store.db import opened
from cxr_core.work.reading_room import listing, reviewing
from cxr_core.work.reading_room.reviewing import Filters
from tests.work.reading_rooms import put
from tests.work.sites import new_home, picture, query, take_in


@pytest.fixture
def settings(tmp_path):
    return new_home(tmp_path)


def change(settings, admin, number, **changes):
    (before,) = [each for each in listing.worklists(settings.home, admin) if each.id == number]
    listing.change(settings.home, admin, replace(before, **changes))


def order(settings, user, number=1):
    return [row["id"] for row in reviewing.waiting_list(settings.home, user, Filters(worklist=number))]


def test_a_list_goes_by_suspicion_uncertainty_or_waiting_time_and_next_follows_it(settings, ann, admin):
    sure, unsure, healthy = (put(settings, number, probability=p) for number, p in ((1, 0.97), (2, 0.52), (3, 0.04)))
    orders = {
        Ordering.WAITING: [sure, unsure, healthy],
        Ordering.SUSPICION: [sure, unsure, healthy],
        Ordering.UNCERTAINTY: [unsure, healthy, sure],
    }
    for ordering, expected in orders.items():
        change(settings, admin, 1, ordering=ordering)
        assert order(settings, ann) == expected
        first = reviewing.next_case(settings.home, ann)
        assert [first, *reviewing.upcoming(settings.home, ann, first, 9)] == expected


@pytest.mark.parametrize("ordering", [Ordering.SUSPICION, Ordering.UNCERTAINTY])
def test_a_hidden_case_on_a_list_that_goes_by_the_model_stands_where_that_tells_nothing(settings, ann, admin, ordering):
    """The list was read otherwise when the case came in."""
    change(settings, admin, 1, ordering=ordering)
    for number, probability in ((1, 0.9), (2, 0.3)):
        put(settings, number, probability=probability)
    hidden = {put(settings, 10 + n, Mode.SECOND_READER, probability=p) for n, p in enumerate((0.02, 0.5, 0.99))}
    places = [place for place, image in enumerate(order(settings, ann)) if image in hidden]
    assert [image for image in order(settings, ann) if image in hidden] == sorted(hidden), "by waiting time alone"
    assert places == list(range(places[0], places[0] + 3))
    assert reviewing.upcoming(settings.home, ann, sorted(hidden)[0], 1) == [sorted(hidden)[1]]


def test_whatever_a_list_goes_by_who_waits_too_long_goes_first(settings, ann, admin):
    change(settings, admin, 1, ordering=Ordering.SUSPICION, longest_wait_hours=2)
    put(settings, 1, probability=0.99)
    long_ago = clock.stamp(clock.now() - timedelta(hours=3))
    longer = clock.stamp(clock.now() - timedelta(hours=4))
    late, later = (
        put(settings, 2, probability=0.01, received_at=long_ago),
        put(settings, 3, probability=0.02, received_at=longer),
    )
    assert order(settings, ann)[:2] == [later, late]
    rows = reviewing.waiting_list(settings.home, ann, Filters())
    assert [row["overdue"] for row in rows] == [1, 1, 0]
    assert reviewing.upcoming(settings.home, ann, later, 1) == [late]


@pytest.mark.parametrize("mode", [Mode.SECOND_READER, Mode.BLINDED])
@pytest.mark.parametrize("ordering", [Ordering.SUSPICION, Ordering.UNCERTAINTY])
def test_an_order_that_tells_is_refused_where_the_opinion_is_hidden(settings, admin, mode, ordering):
    with pytest.raises(BadInput, match="that order tells"):
        change(settings, admin, 1, mode=mode, ordering=ordering)


@pytest.mark.parametrize("changes", [{"share": 1.2}, {"twice": -0.1}, {"longest_wait_hours": 0}])
def test_what_makes_no_sense_for_a_list_is_refused(settings, admin, changes):
    with pytest.raises(BadInput):
        change(settings, admin, 2, **changes)


def test_a_share_of_what_comes_in_is_drawn_for_the_audit_and_a_share_is_read_twice(settings, admin):
    change(settings, admin, 2, share=0.3)
    change(settings, admin, 1, twice=0.5, mode=Mode.SECOND_READER)
    with opened(settings.home) as db:
        drawn = [listing.drawn(db, b"secret", f"{number:064x}") for number in range(2000)]
        assert drawn[:50] == [listing.drawn(db, b"secret", f"{number:064x}") for number in range(50)]
    audit = [row for row in drawn if row["worklist"] == 2]
    assert 0.26 < len(audit) / 2000 < 0.34
    assert all((row["mode"], row["readers"]) == ("blinded", 2) for row in audit)
    reading = [row for row in drawn if row["worklist"] == 1]
    assert {row["mode"] for row in reading} == {"second reader"}
    assert 0.45 < sum(row["readers"] == 2 for row in reading) / len(reading) < 0.55
    assert all(row["slots_open"] == row["readers"] for row in drawn)


def test_a_change_holds_for_what_comes_in_afterwards_and_is_on_record(settings, ann, admin):
    (before,) = take_in(settings, picture(1))
    change(settings, admin, 1, mode=Mode.BLINDED)
    (after,) = take_in(settings, picture(2))
    assert reviewing.case(settings.home, ann, before.image).prediction is not None
    assert reviewing.case(settings.home, ann, after.image).prediction is None
    (event,) = query(settings, "SELECT actor, subject, details FROM audit WHERE action = 'change worklist'")
    assert (event["actor"], event["subject"]) == ("admin", "Reading")
    assert "blinded" in event["details"]


def test_lists_in_use_that_hide_the_opinion_at_first_are_named(settings, admin):
    def named():
        return [(each.id, each.mode) for each in listing.blind_lists(settings.home, admin)]

    second = listing.worklists(settings.home, admin)[1].id
    assert named() == []
    change(settings, admin, second, mode=Mode.BLINDED)
    assert named() == [], "nothing comes to it"
    change(settings, admin, second, share=0.1)
    change(settings, admin, 1, mode=Mode.SECOND_READER, ordering=Ordering.WAITING)
    assert named() == [(1, Mode.SECOND_READER), (second, Mode.BLINDED)]
