"""What goes on in the network, as an admin sees it."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cxr_core import clock
from cxr_core.records import Answer, DeliveryState, Proof
from cxr_core.settings import Settings
from cxr_core.store import deliveries, destinations, listeners
from cxr_core.store.db import opened
from cxr_core.store.destinations import Rule
from cxr_core.store.listeners import Listening
from cxr_core.work.guarding import COMMAND_LINE
from cxr_core.work.hospital import traffic
from cxr_core.work.incoming import spool
from cxr_core.work.privacy import identity
from tests.store.exchanged import add_arrival, add_delivery, add_destination, add_sender
from tests.work.sites import new_home

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path).home


@pytest.fixture
def db(home):
    with opened(home) as database:
        yield database


def test_it_is_told_what_is_missing_until_all_is_there(home, db, tmp_path):
    settings = Settings(home=home)
    assert traffic.readiness(settings, COMMAND_LINE) == traffic.Readiness([], False, False, 0, 0, 0)
    settings = replace(settings, identity_key=tmp_path / "identity.key")
    identity.make_key(home, COMMAND_LINE, settings.identity_key)
    listeners.register(db, "one", Listening("CXRREADER", "127.0.0.1", None, 2762))
    add_sender(db)
    pacs = add_destination(db)
    assert not traffic.readiness(settings, COMMAND_LINE).is_complete
    destinations.add_rule(db, Rule(pacs, (Answer.REPORT,)))
    found = traffic.readiness(settings, COMMAND_LINE)
    assert found.is_complete
    assert (found.listening[0].port, found.listening[0].tls_port) == (None, 2762)


def test_the_queue_counts_what_came_over_the_network_and_is_open_until_nothing_waits(home, db):
    assert not traffic.queue(home, COMMAND_LINE).is_open
    spool.receive(home, b"somebody's upload", spool.Sender())
    assert not traffic.queue(home, COMMAND_LINE).is_open
    spool.receive(home, b"an X-ray", spool.Sender(network=add_sender(db)))
    found = traffic.queue(home, COMMAND_LINE)
    assert (found.intake, found.is_open) == (1, True)


@pytest.mark.parametrize(("proof", "is_open"), [(Proof.QUERY, True), (Proof.NONE, False)])
def test_what_was_accepted_is_open_only_where_a_proof_is_asked_for(home, db, proof, is_open):
    pacs = add_destination(db, proof=proof)
    delivery = add_delivery(db, add_arrival(db, add_sender(db)), pacs, model=None)
    assert traffic.queue(home, COMMAND_LINE).is_open
    deliveries.accepted(db, delivery, "ok", "2999")
    (line,) = traffic.queue(home, COMMAND_LINE).lines
    assert line.counts == {DeliveryState.ACCEPTED: 1}
    assert traffic.queue(home, COMMAND_LINE).is_open is is_open


@pytest.fixture
def far_east(monkeypatch):
    """This machine's clock is eight hours ahead of UTC."""
    monkeypatch.setenv("TZ", "UTC-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_today_begins_at_the_machines_midnight(home, db):
    sender = add_sender(db)
    midnight = NOON.replace(day=28, month=2, hour=16, minute=0)
    for number, moment in enumerate((midnight - timedelta(minutes=1), midnight), 1):
        with clock.at(moment):
            add_arrival(db, sender, number)
    with clock.at(NOON):
        (row,) = traffic.came_in_today(home, COMMAND_LINE)
    assert (row["sender"], row["came"], row["refused"]) == ("CT router", 1, 1)


def test_hours_without_anything_are_there_too(home, db):
    with clock.at(NOON.replace(hour=10)):
        arrival = add_arrival(db, add_sender(db))
    with clock.at(NOON):
        deliveries.accepted(db, add_delivery(db, arrival, add_destination(db), model=None), "ok", "2999")
        found = traffic.by_hour(home, COMMAND_LINE, 4)
    assert [(hour.begins[-2:], hour.received, hour.delivered) for hour in found] == [
        ("09", 0, 0), ("10", 1, 0), ("11", 0, 0), ("12", 0, 1),
    ]  # fmt: skip


def test_stations_and_modalities_that_came_are_there_to_choose_from(home, db):
    add_arrival(db, add_sender(db))
    assert traffic.stations(home, COMMAND_LINE) == ["device-1"]
    assert traffic.modalities(home, COMMAND_LINE) == ["DX"]
