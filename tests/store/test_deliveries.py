"""The ledger: each answer once at each destination, held by one, and its way told state by state."""

from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.records import Answer, DeliveryState
from cxr_core.store import audit, deliveries, destinations
from cxr_core.store.db import rows, transaction
from cxr_core.store.deliveries import Delivery, Settled
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender, delivery
from tests.store.rows import add_image, add_model

LATER = "2999"


@pytest.fixture
def arrival(db):
    add_model(db)
    return add_arrival(db, add_sender(db), image=add_image(db))


@pytest.fixture
def pacs(db):
    return add_destination(db)


def claimed(db, pacs, most=10, holder="worker", until=LATER):
    with transaction(db):
        return deliveries.claim(db, pacs, holder, until, most)


def test_an_answer_is_in_the_ledger_once_however_often_it_is_asked_for(db, arrival, pacs):
    wanted = Delivery(arrival.id, pacs, Answer.REPORT, "first")
    assert [deliveries.queue(db, wanted) for _ in range(3)] == [True, False, False]
    assert deliveries.queue(db, Delivery(arrival.id, pacs, Answer.CAPTURE, "first"))
    assert deliveries.queue(db, Delivery(arrival.id, add_destination(db, "Other"), Answer.REPORT, "first"))
    assert deliveries.queue(db, Delivery(arrival.id, pacs, Answer.REPORT, None))
    assert not deliveries.queue(db, Delivery(arrival.id, pacs, Answer.REPORT, None))


def test_what_is_claimed_is_nobody_elses_until_its_time_is_over(db, arrival, pacs):
    number = add_delivery(db, arrival, pacs).id
    assert deliveries.due(db) == [pacs]
    (mine,) = claimed(db, pacs)
    assert (mine.id, mine.state, mine.attempts) == (number, DeliveryState.QUEUED, 1)
    assert deliveries.is_held(db, mine)
    assert deliveries.due(db) == [] and claimed(db, pacs) == []
    assert delivery(db, number).state is DeliveryState.SENDING


def test_what_a_stopped_worker_held_is_due_at_once_and_known_to_have_been_on_its_way(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    claimed(db, pacs)
    deliveries.hand_back(db, "worker")
    (again,) = claimed(db, pacs)
    assert (again.state, again.attempts) == (DeliveryState.SENDING, 1)


def test_what_a_dead_worker_held_is_due_at_once_and_what_a_living_one_holds_is_not(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    claimed(db, pacs)
    deliveries.take_over(db, {"worker", "another"})
    assert deliveries.due(db) == []
    deliveries.take_over(db, {"another"})
    (again,) = claimed(db, pacs)
    assert (again.state, again.attempts) == (DeliveryState.SENDING, 1)


LATE = {
    "accepted": lambda db, held: deliveries.accepted(db, held, "0000", LATER),
    "verified": lambda db, held: deliveries.verified(db, held, "it is there"),
    "wait": lambda db, held: deliveries.wait(db, held, "not yet", LATER),
    "again": lambda db, held: deliveries.again(db, held, "refused", LATER),
    "dead": lambda db, held: deliveries.dead(db, held, "refused"),
    "committing": lambda db, held: deliveries.committing(db, held, "commitment-7", LATER),
}


@pytest.mark.parametrize("becomes", LATE.values(), ids=LATE)
@pytest.mark.parametrize("other", ["another", "worker"])
def test_whoever_was_too_slow_changes_nothing_of_what_another_claim_holds(db, arrival, pacs, becomes, other):
    """Also where it is the same worker that has claimed it anew."""
    add_delivery(db, arrival, pacs)
    (slow,) = claimed(db, pacs, until=clock.stamp())
    (quick,) = claimed(db, pacs, holder=other)
    before = delivery(db, slow.id)
    assert not deliveries.is_held(db, slow) and deliveries.is_held(db, quick)
    assert not becomes(db, slow) and delivery(db, slow.id) == before
    assert becomes(db, quick) and delivery(db, slow.id) != before


@pytest.mark.parametrize("becomes", LATE.values(), ids=LATE)
def test_what_has_come_to_its_end_stays_there(db, arrival, pacs, becomes):
    end = add_delivery(db, arrival, pacs)
    assert deliveries.verified(db, end, "committed to")
    before = delivery(db, end.id)
    assert not becomes(db, before) and delivery(db, end.id) == before


def test_the_oldest_go_first_and_no_more_than_asked_for(db, arrival, pacs):
    numbers = [
        add_delivery(db, arrival, pacs, kind).id for kind in (Answer.CAPTURE, Answer.REPORT, Answer.PRESENTATION)
    ]
    assert [delivery.id for delivery in claimed(db, pacs, most=2)] == numbers[:2]


def test_nothing_is_due_where_a_destination_is_held_or_was_removed(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    destinations.hold(db, pacs, "too many positives")
    assert deliveries.due(db) == []
    destinations.go_on(db, pacs)
    assert deliveries.due(db) == [pacs]
    destinations.remove(db, destinations.get(db, pacs))
    assert deliveries.due(db) == []


def test_a_delivery_goes_from_accepted_to_verified(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    (mine,) = claimed(db, pacs)
    assert deliveries.accepted(db, mine, "0000", clock.stamp())
    accepted = delivery(db, mine.id)
    assert accepted.state is DeliveryState.ACCEPTED and accepted.accepted_at and not accepted.verified_at
    assert deliveries.verified(db, accepted, "it is there")
    done = delivery(db, mine.id)
    assert (done.state, done.said, done.accepted_at) == (DeliveryState.VERIFIED, "it is there", accepted.accepted_at)
    assert deliveries.due(db) == []


def test_what_the_destination_forgot_goes_out_again_and_that_is_counted(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    (mine,) = claimed(db, pacs)
    assert deliveries.accepted(db, mine, "0000", clock.stamp())
    assert deliveries.again(db, delivery(db, mine.id), "not there", clock.stamp(), forgotten=True)
    (again,) = claimed(db, pacs)
    assert (again.state, again.forgotten, again.attempts) == (DeliveryState.QUEUED, 1, 2)


def test_what_is_dead_stays_so_until_somebody_asks_and_starts_anew_then(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    (mine,) = claimed(db, pacs)
    number = mine.id
    assert deliveries.dead(db, mine, "SOP class not supported")
    assert deliveries.due(db) == [] and delivery(db, number).said == "SOP class not supported"
    assert deliveries.revive(db, [number, number + 1]) == 1
    revived = delivery(db, number)
    assert (revived.state, revived.attempts, revived.dead_at) == (DeliveryState.QUEUED, 0, None)
    assert deliveries.revive(db, [number]) == 0


def test_a_destination_that_can_not_be_reached_is_left_alone_for_a_while(db, arrival, pacs):
    add_delivery(db, arrival, pacs)
    destinations.rest(db, pacs, clock.stamp(clock.now() + timedelta(minutes=1)))
    assert deliveries.due(db) == []
    add_delivery(db, arrival, pacs, Answer.CAPTURE)
    assert deliveries.due(db) == []
    destinations.go_on(db, pacs)
    assert deliveries.due(db) == [pacs]


def test_a_commitment_leads_to_the_delivery_that_waits_for_it(db, arrival, pacs):
    queued = add_delivery(db, arrival, pacs)
    assert deliveries.accepted(db, queued, "0000", clock.stamp())
    asked = deliveries.committing(db, delivery(db, queued.id), "commitment-7", LATER)
    assert deliveries.of_commitment(db, "commitment-7") == asked
    assert deliveries.of_commitment(db, "2.25.8") is None
    assert deliveries.verified(db, asked, "committed to")
    assert deliveries.of_commitment(db, "commitment-7") is None


def test_an_answer_takes_the_place_of_the_last_that_an_archive_took_of_another_version(db, arrival, pacs):
    for model in ("second", "third", "fourth"):
        add_model(db, model)
    old, lost, new = (add_delivery(db, arrival, pacs, model=model) for model in ("first", "second", "third"))
    deliveries.accepted(db, old, "0000", LATER)
    deliveries.dead(db, lost, "refused")
    assert deliveries.settled(db, old, "1.0").before is None
    assert deliveries.settled(db, new, "1.0").before.id == old.id
    deliveries.accepted(db, new, "0000", LATER)
    newest = add_delivery(db, arrival, pacs, model="fourth")
    assert deliveries.settled(db, newest, "1.0").before.model == "third"


def test_what_an_answer_is_made_with_is_settled_the_first_time_for_every_destination(db, arrival, pacs):
    add_model(db, "second")
    old, new = (add_delivery(db, arrival, pacs, model=model) for model in ("first", "second"))
    head = str(audit.head(db))
    assert deliveries.settled(db, new, "1.0") == Settled("1.0", None, head)
    deliveries.accepted(db, old, "0000", LATER)
    other = add_delivery(db, arrival, add_destination(db, "Other"), model="second")
    for each in (new, other):
        assert deliveries.settled(db, each, "2.0") == Settled("1.0", None, head), "another object under its UID"
    assert str(audit.head(db)) != head
    assert deliveries.heads(db) == [head]


def test_what_became_of_an_answer_is_in_the_audit_chain_once(db, arrival, pacs):
    first, second = add_delivery(db, arrival, pacs), add_delivery(db, arrival, pacs, model=None)
    before = delivery(db, first.id)
    deliveries.accepted(db, before, "0000", LATER)
    assert not deliveries.accepted(db, before, "0000", LATER), "too late"
    deliveries.verified(db, delivery(db, first.id), "there")
    deliveries.dead(db, second, "refused")
    found = rows(db, "SELECT action, subject, details FROM audit WHERE action LIKE 'answer%' ORDER BY id")
    assert [row["action"] for row in found] == ["answer accepted", "answer verified", "answer given up"]
    assert {row["subject"] for row in found} == {rows(db, "SELECT id FROM images")[0]["id"]}
    assert '"destination": "' in found[0]["details"]


def test_an_opinion_takes_the_place_of_the_word_that_there_was_none(db, arrival, pacs):
    refusal, opinion = add_delivery(db, arrival, pacs, model=None), add_delivery(db, arrival, pacs)
    deliveries.accepted(db, refusal, "0000", LATER)
    assert deliveries.settled(db, opinion, "1.0").before.id == refusal.id
    assert deliveries.settled(db, refusal, "1.0").before is None


def test_the_ledger_is_narrowed_to_a_state_and_to_a_destination(db, arrival, pacs):
    other = add_destination(db, "Other")
    here, there = add_delivery(db, arrival, pacs), add_delivery(db, arrival, other)
    deliveries.dead(db, there, "refused")
    numbers = [[each.id for each in deliveries.newest(db, 9, *asked)] for asked in (
        (None, pacs), (DeliveryState.DEAD, None), (DeliveryState.DEAD, pacs), (None, None),
    )]  # fmt: skip
    assert numbers == [[here.id], [there.id], [], [there.id, here.id]]


def test_the_dead_are_told_by_destination_and_reason_the_most_first(db, arrival, pacs):
    other = add_destination(db, "Other")
    for where, kind, why in (
        (pacs, Answer.REPORT, "refused"), (pacs, Answer.CAPTURE, "too large"), (pacs, Answer.PRESENTATION, "too large"),
        (other, Answer.REPORT, "too large"),
    ):  # fmt: skip
        deliveries.dead(db, add_delivery(db, arrival, where, kind), why)
    found = [(row["destination"], row["said"], row["many"]) for row in deliveries.dead_by_reason(db)]
    assert found[0] == (pacs, "too large", 2)
    assert sorted(found[1:]) == [(pacs, "refused", 1), (other, "too large", 1)]
    assert len(deliveries.dead_of(db, pacs, "too large")) == 2


def test_what_was_accepted_is_counted_by_the_hour_of_its_first_acceptance(db, arrival, pacs):
    number = add_delivery(db, arrival, pacs).id
    add_delivery(db, arrival, pacs, Answer.CAPTURE)
    for hour in (9, 11):
        with clock.at(datetime(2026, 3, 1, hour, 30, tzinfo=UTC)):
            deliveries.accepted(db, delivery(db, number), "ok", LATER)
    assert deliveries.accepted_by_hour(db, "2026-03-01") == {"2026-03-01T09": 1}
