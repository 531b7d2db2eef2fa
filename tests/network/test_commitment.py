"""An archive's report of storage commitment proves what it names, and nothing else, whatever kind it says it is."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from pynetdicom import evt

from cxr_core import clock
from cxr_core.listening import Desk
from cxr_core.records import DeliveryState, Proof
from cxr_core.store import listeners
from cxr_core.store.listeners import Listening
from cxr_core.work.hospital import archives
from tests.network.outbox import Archive, Outbox, judged
from tests.pacs.desks import listening
from tests.pacs.peers import PATIENCE, archive, report
from tests.processes import wait_until

pytestmark = pytest.mark.alone
QUEUED, ACCEPTED, VERIFIED, DEAD = (
    DeliveryState.QUEUED, DeliveryState.ACCEPTED, DeliveryState.VERIFIED, DeliveryState.DEAD,
)  # fmt: skip
COMPLETE, FAILURES_EXIST = 1, 2
MINUTE = timedelta(minutes=1)
OTHER = "2.25.1"


@contextmanager
def asked(outbox, **archived):
    """The archive took an answer and was asked to keep it: the destination, and its archive."""
    pacs = Archive(**archived)
    with pacs.at_work() as port:
        destination = outbox.to(port, Proof.COMMITMENT)
        outbox.deliver(destination)
        outbox.deliver(destination, minutes=1)
        yield destination, pacs


def reported(outbox, pacs, event_type, stored, failed):
    """What our listener answers to the archive's report; `it` is what the archive was asked about."""
    request = pacs.asked[-1]
    (it,) = (item.ReferencedSOPInstanceUID for item in request.ReferencedSOPSequence)
    named = [[it if uid == "it" else uid for uid in uids] for uids in (stored, failed)]
    with listening(Desk(outbox.settings)) as listener, archive(listener) as assoc:
        return report(assoc, event_type, *named, transaction=request.TransactionUID)


@pytest.mark.parametrize(("event_type", "stored", "failed"), [
    (COMPLETE, [], []), (COMPLETE, [OTHER], []), (FAILURES_EXIST, [], []), (FAILURES_EXIST, [], [OTHER]),
    (FAILURES_EXIST, [OTHER], [OTHER]),
])  # fmt: skip
def test_a_report_that_does_not_name_the_answer_proves_nothing(outbox, event_type, stored, failed):
    with asked(outbox, forgets=True) as (destination, pacs):
        assert reported(outbox, pacs, event_type, stored, failed) == 0
        assert outbox.ledger(destination)[0].state is ACCEPTED
        assert outbox.one(destination, minutes=11).state is QUEUED, "the archive is asked, and hasn't got it"


@pytest.mark.parametrize(("event_type", "failed"), [(COMPLETE, []), (FAILURES_EXIST, [OTHER]), (FAILURES_EXIST, [])])
def test_what_the_archive_names_among_what_it_keeps_is_verified(outbox, event_type, failed):
    with asked(outbox) as (destination, pacs):
        assert reported(outbox, pacs, event_type, ["it", OTHER], failed) == 0
    assert outbox.ledger(destination)[0].state is VERIFIED


@pytest.mark.parametrize(("event_type", "stored"), [(FAILURES_EXIST, []), (FAILURES_EXIST, ["it"]), (COMPLETE, ["it"])])
def test_what_the_archive_names_among_what_it_lacks_goes_out_again(outbox, event_type, stored):
    with asked(outbox) as (destination, pacs):
        assert reported(outbox, pacs, event_type, stored, ["it"]) == 0
        (found,) = outbox.ledger(destination)
    assert found.state is QUEUED and "doesn't commit to keeping it" in found.said


def test_what_an_archive_never_commits_to_is_dead_in_the_end(outbox):
    with asked(outbox) as (destination, pacs):
        for _ in range(2):
            reported(outbox, pacs, FAILURES_EXIST, [], ["it"])
            outbox.deliver(destination, hours=1)
            outbox.deliver(destination, minutes=1)
        reported(outbox, pacs, FAILURES_EXIST, [], ["it"])
        (found,) = outbox.ledger(destination)
    assert found.state is DEAD and "3 times" in found.said


def test_a_report_on_another_transaction_changes_nothing(outbox):
    with asked(outbox) as (destination, pacs):
        pacs.asked[-1].TransactionUID = "2.25.2"
        assert reported(outbox, pacs, COMPLETE, ["it"], []) == 0
    assert outbox.ledger(destination)[0].state is ACCEPTED


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return judged(tmp_path_factory.mktemp("three"), 3)


def test_an_archive_is_asked_once_about_all_that_it_accepted(outbox, three, tmp_path):
    several = Outbox.of(three, tmp_path / "several")
    with asked(several) as (destination, pacs):
        (request,) = pacs.asked
        instances = [item.ReferencedSOPInstanceUID for item in request.ReferencedSOPSequence]
        assert set(instances) == set(pacs.kept) and len(instances) == 3
        with listening(Desk(several.settings)) as listener, archive(listener) as assoc:
            assert report(assoc, FAILURES_EXIST, instances[:2], instances[2:], request.TransactionUID) == 0
        states = [each.state for each in several.ledger(destination)]
        assert sorted(states) == sorted([VERIFIED, VERIFIED, QUEUED])


def test_nobody_waits_on_the_association_for_a_report_that_the_listener_hears(outbox, monkeypatch):
    monkeypatch.setattr(archives, "COMMITMENT_SECONDS", 2 * PATIENCE)
    with clock.at(outbox.moment + MINUTE), outbox.db() as db:
        listeners.register(db, "a listener", Listening("CXRREADER", "127.0.0.1", 11112, None))
    released = []
    with Archive().at_work((evt.EVT_RELEASED, released.append)) as port:
        destination = outbox.to(port, Proof.COMMITMENT)
        outbox.deliver(destination)
        wait_until(lambda: len(released) == 1)
        asking = threading.Thread(target=outbox.deliver, args=(destination,), kwargs={"minutes": 1}, daemon=True)
        asking.start()
        wait_until(lambda: len(released) == 2)
        asking.join(PATIENCE)
