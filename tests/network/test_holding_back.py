"""When nothing goes out though an answer waits: a stop, the guard, a rest; and what holds up nothing else."""

import socket
import threading
from datetime import datetime, timedelta

import pytest

from cxr_core import clock, worker
from cxr_core.records import Answer, DeliveryState, Proof, Role
from cxr_core.store import arrivals, deliveries, models, predictions, seal
from cxr_core.store.db import opened, transaction
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import archives, composing, connecting, delivering
from cxr_core.work.models import stopping
from cxr_core.work.privacy import identity
from tests.network.outbox import Archive
from tests.pacs.peers import PATIENCE
from tests.pacs.web.servers import serving
from tests.processes import wait_until
from tests.store.exchanged import add_arrival, add_delivery
from tests.store.rows import add_image, opinion
from tests.work.sites import add_user

pytestmark = pytest.mark.alone
QUEUED, ACCEPTED, VERIFIED, DEAD = (
    DeliveryState.QUEUED, DeliveryState.ACCEPTED, DeliveryState.VERIFIED, DeliveryState.DEAD,
)  # fmt: skip


def told(outbox, destination, count, first=1000):
    """So many opinions were told there, each of them Pneumonia."""
    with clock.at(outbox.moment), outbox.db() as db, transaction(db):
        for number in range(first, first + count):
            image = add_image(db, number)
            predictions.add(db, image, models.running(db), opinion())
            arrival = add_arrival(db, 1, number, image=image)
            delivery = add_delivery(db, arrival, destination, Answer.CAPTURE, models.running(db))
            deliveries.verified(db, delivery, "it is there")


def newest(outbox, destination, **later):
    return outbox.deliver(destination, **later)[0]


def held(outbox):
    (found,) = connecting.all_destinations(outbox.settings.home, COMMAND_LINE)
    return found.held_because


def test_a_destination_that_hangs_holds_up_no_other(outbox, monkeypatch):
    monkeypatch.setattr(archives, "PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr(delivering, "PROOF_AFTER", timedelta(0))
    with Archive().at_work() as port, socket.create_server(("127.0.0.1", 0)) as mute:
        sick, well = outbox.to(mute.getsockname()[1], name="Sick"), outbox.to(port, name="Well")
        with clock.at(clock.now()):
            chore = delivering.delivering(outbox.settings, "a worker", worker.apart)
            caller = None
            while not all(each.state is VERIFIED for each in outbox.ledger(well)):
                next(chore)
        caller, _ = mute.accept()
        assert [each.state for each in outbox.ledger(sick)] == [DeliveryState.SENDING]
        caller.close()
        wait_until(lambda: outbox.ledger(sick)[0].state is QUEUED)
    assert "hangs up" in outbox.ledger(sick)[0].said


def test_nothing_goes_out_while_a_stop_stands(outbox):
    archive = Archive()
    with archive.at_work() as port:
        pacs = outbox.to(port)
        admin = add_user(outbox.settings, Role.ADMIN)
        stopping.stop(outbox.settings.home, admin, "a test of the switch")
        assert outbox.one(pacs, hours=1).state is QUEUED and archive.kept == []
        stopping.lift(outbox.settings.home, admin, "it was a test")
        assert outbox.one(pacs).state is ACCEPTED


def test_fifty_positives_in_a_row_hold_a_destination_until_somebody_has_looked(outbox):
    with Archive().at_work() as port:
        pacs = outbox.to(port)
        told(outbox, pacs, 50)
        assert newest(outbox, pacs).state is QUEUED
        assert "50 of the last 50 opinions were Pneumonia" in held(outbox)
        assert newest(outbox, pacs, days=1).state is QUEUED
        connecting.go_on(outbox.settings.home, COMMAND_LINE, "PACS")
        assert newest(outbox, pacs).state is ACCEPTED and held(outbox) is None


def test_after_going_on_fifty_more_are_needed_to_hold_it_again(outbox):
    with Archive().at_work() as port:
        pacs = outbox.to(port)
        told(outbox, pacs, 50)
        outbox.deliver(pacs)
        connecting.go_on(outbox.settings.home, COMMAND_LINE, "PACS")
        outbox.moment = clock.now()
        told(outbox, pacs, 49, first=2000)
        outbox.deliver(pacs)
        assert held(outbox) is None
        told(outbox, pacs, 1, first=3000)
        answer_more(outbox)
        outbox.deliver(pacs)
        assert "where 50% are usual" in held(outbox)


def answer_more(outbox):
    """The same X-ray came as another object, too: one more answer is wanted."""
    with clock.at(outbox.moment), outbox.db() as db:
        first = arrivals.get(db, 1)
        add_arrival(db, first.sender, 2, image=first.image, envelope=first.envelope)
    outbox.answer()


def test_a_server_that_asks_to_be_left_alone_is_left_alone_by_all(outbox):
    answers = [(503, {"Retry-After": "3600"}, b""), (503, {}, b"")]
    with serving(lambda request: answers.pop(0) if answers else (400, {}, b"")) as server:
        pacs = outbox.to_web(server.url)
        found = outbox.one(pacs)
        assert found.state is QUEUED and f"localhost:{server.server_port} answers 503" in found.said
        answer_more(outbox)
        outbox.deliver(pacs, minutes=59)
        assert len(server.got) == 1
        outbox.deliver(pacs, minutes=2)
        assert len(server.got) == 2


def test_an_archive_that_is_down_is_left_alone_for_a_while_by_all(outbox):
    archive = Archive(0xA700)
    with archive.at_work() as port:
        pacs = outbox.to(port)
        outbox.deliver(pacs)
        answer_more(outbox)
        assert [each.state for each in outbox.deliver(pacs, seconds=20)] == [QUEUED, QUEUED]
        assert [each.state for each in outbox.deliver(pacs, seconds=20)] == [ACCEPTED, ACCEPTED]


def test_each_pause_is_twice_as_long_up_to_an_hour_and_three_days_are_the_end(outbox):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    pacs, pauses = outbox.to(port), []
    for _ in range(10):
        due = datetime.fromisoformat(outbox.one(pacs).next_at)
        pauses.append((due - outbox.moment).total_seconds())
        outbox.moment = max(due, outbox.moment + timedelta(minutes=7))
    assert all(0.75 <= pause / min(30 * 2**tries, 3600) <= 1.25 for tries, pause in enumerate(pauses))
    end = outbox.one(pacs, days=3)
    assert end.state is DEAD and end.said.startswith("given up after 3 days: ") and str(port) in end.said


def test_one_object_that_an_archive_always_fails_at_delays_no_other_by_more_than_minutes(outbox):
    archive = Archive(*[0x0110] * 12)
    with archive.at_work() as port:
        pacs = outbox.to(port)
        for _ in range(12):
            outbox.one(pacs, hours=2)
        answer_more(outbox)
        assert outbox.deliver(pacs, minutes=7)[1].state is ACCEPTED


@pytest.mark.parametrize(("proof", "finds"), [(Proof.NONE, False), (Proof.QUERY, False), (Proof.QUERY, True)])
def test_what_a_dead_worker_was_sending_goes_out_again_whether_or_not_that_can_be_asked(outbox, proof, finds):
    archive = Archive()
    with archive.at_work(finds=finds) as port:
        pacs = outbox.to(port, proof)
        with outbox.db() as db, transaction(db):
            deliveries.claim(db, pacs, "a dead worker", clock.stamp(outbox.moment), 8)
        outbox.deliver(pacs, minutes=1)
        outbox.deliver(pacs, minutes=2)
    assert len(archive.kept) == 1


def test_what_had_come_there_when_its_worker_died_does_not_go_again(outbox):
    archive = Archive()
    with archive.at_work() as port:
        pacs = outbox.to(port)
        outbox.deliver(pacs)
        with outbox.db() as db:  # it had no time to note what the archive said
            db.execute("UPDATE deliveries SET state = 'sending', accepted_at = NULL, next_at = ''")
        assert outbox.one(pacs).state is VERIFIED
    assert len(archive.kept) == 1


def test_an_answer_that_can_not_be_made_holds_up_no_other(outbox, monkeypatch, caplog):
    compose = composing.compose

    def failing(settings, db, delivery):
        if delivery.arrival == 1:
            raise ValueError("DOE^JANE")
        return compose(settings, db, delivery)

    monkeypatch.setattr(composing, "compose", failing)
    with Archive().at_work() as port:
        pacs = outbox.to(port)
        answer_more(outbox)
        chore = delivering.delivering(outbox.settings, "a worker", worker.apart)
        wait_until(lambda: next(chore) or outbox.ledger(pacs)[1].state is ACCEPTED)
        first = outbox.ledger(pacs)[0]
        assert (first.state, first.attempts, first.holder) == (QUEUED, 1, None)
        assert first.next_at > clock.stamp()
        assert "the worker's log" in first.said and "DOE" not in first.said + caplog.text
        assert "ValueError in failing" in caplog.text
        with pytest.raises(ValueError, match="DOE"):
            outbox.deliver(pacs, days=4)
    assert outbox.ledger(pacs)[0].state is DEAD


def test_a_worker_that_was_slower_than_its_lease_overwrites_nothing_of_the_one_that_has_it_since(outbox, caplog):
    def while_another_delivers(event):
        with clock.at(outbox.moment + delivering.LEASE + timedelta(seconds=1)):
            delivering.deliver_to(outbox.settings, pacs, "another")
        return 0xA700

    archive = Archive(while_another_delivers)
    with archive.at_work() as port:
        pacs = outbox.to(port)
        assert outbox.one(pacs).state is ACCEPTED
        assert "delivery 1 was given to another worker while it was being sent" in caplog.text
        assert outbox.one(pacs, hours=1).state is VERIFIED
    assert len(archive.kept) == 1


def test_a_damaged_envelope_is_named_and_holds_up_no_other(outbox):
    with opened(outbox.settings.home) as db:
        damaged = seal.seal(identity.public_key(db), b"no envelope", identity.ENVELOPE)
        db.execute("UPDATE arrivals SET envelope = ?", (damaged,))
    with Archive().at_work() as port:
        found = outbox.one(outbox.to(port))
    assert found.state is DEAD and "restore it from a backup" in found.said


def test_without_the_key_answers_wait_and_go_once_it_is_back(outbox):
    key = outbox.settings.identity_key
    aside = key.rename(key.with_suffix(".aside"))
    try:
        with Archive().at_work() as port:
            pacs = outbox.to(port)
            found = outbox.one(pacs)
            aside.rename(key)
            again = outbox.one(pacs, minutes=1)
    finally:
        if aside.exists():
            aside.rename(key)
    assert found.state is QUEUED and "identity.key" in found.said
    assert again.state is ACCEPTED


def test_threads_of_destinations_end(outbox):
    with Archive().at_work() as port:
        outbox.to(port)
        chore = delivering.delivering(outbox.settings, "a worker", worker.apart)
        before = set(threading.enumerate())
        wait_until(lambda: next(chore) or any(each.state is ACCEPTED for each in outbox.ledger(1)))
        wait_until(lambda: set(threading.enumerate()) <= before)
