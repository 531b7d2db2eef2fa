"""Many callers at once lose nothing, and a listener that stops has acknowledged what it took, and no more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from cxr_core.pacs import sender as sending
from cxr_core.pacs.calling import Endpoint
from tests.pacs.desks import TITLE, listening
from tests.pacs.objects import data_set, syntax, xray
from tests.pacs.peers import PATIENCE, Line, stored, storing
from tests.pacs.programs import run, store
from tests.processes import wait_until

CALLERS, EACH = 16, 3


@contextmanager
def stopped_meanwhile(listener):
    """The listener stops while the block runs, and has seen to those who do nothing when it begins."""
    stopping = threading.Thread(target=listener.stop, args=(PATIENCE,))
    with storing(listener, xray(0)) as idle:
        stopping.start()
        wait_until(lambda: not idle.is_established)
    yield
    stopping.join(PATIENCE)
    assert not stopping.is_alive()


def refuses_connections(listener):
    with storing(listener, xray(0)) as assoc:
        return not assoc.is_established and not assoc.is_rejected


def test_many_callers_at_once_lose_nothing(listener, desk, tmp_path):
    def send(caller):
        folder = tmp_path / str(caller)
        folder.mkdir()
        return store(
            listener, folder, *(xray(EACH * caller + number) for number in range(EACH)), syntax="-xe"
        ).returncode

    with ThreadPoolExecutor(CALLERS) as callers:
        assert set(callers.map(send, range(CALLERS))) == {0}
    sent = {data_set(xray(number)) for number in range(CALLERS * EACH)}
    assert len(desk.taken) == CALLERS * EACH
    assert {data_set(taken) for taken in desk.taken} == sent


@pytest.mark.parametrize("machine", ["DEMO-SIE-1", "DEMO-CAN-1", "DEMO-PHI-1", "DEMO-FUJ-1", "DEMO-GEM-1"])
def test_an_archive_sends_what_it_keeps_unchanged(machine, listener, desk, orthanc):
    orthanc.knows("plain", TITLE, listener.port)
    assert orthanc.send("plain", orthanc.upload(xray(0, machine))) == 1
    assert syntax(desk.taken[0]) == syntax(xray(0, machine))
    assert data_set(desk.taken[0]) == data_set(xray(0, machine))


def test_an_archive_sends_over_tls_and_shows_its_certificate(secured, desk, orthanc):
    orthanc.knows("secured", TITLE, secured.port, tls=True)
    assert orthanc.send("secured", orthanc.upload(xray(0))) == 1
    assert data_set(desk.taken[0]) == data_set(xray(0))
    assert desk.callers[0].calling == "ORTHANC"
    assert len(desk.callers[0].certificate) == 64


def test_one_association_more_than_may_be_is_told_to_come_again(desk):
    with listening(desk, most=1) as listener, storing(listener, xray(0)) as first:
        assert first.is_established
        with storing(listener, xray(0)) as second:
            assert second.is_rejected
            assert second.acceptor.primitive.result == 2, "transient"


def test_an_object_that_is_being_taken_is_acknowledged_before_the_end_and_no_other_is_taken(listener, desk):
    begun, may_go_on = threading.Event(), threading.Event()
    desk.hook = lambda: (begun.set(), may_go_on.wait(PATIENCE))
    endpoint = Endpoint("127.0.0.1", listener.port, TITLE, "ROOM1", None, PATIENCE)
    with ThreadPoolExecutor(1) as sender:
        outcomes = sender.submit(sending.store, endpoint, [xray(0), xray(1), xray(2)])
        assert begun.wait(PATIENCE)
        with stopped_meanwhile(listener):
            may_go_on.set()
            assert [each.state for each in outcomes.result()] == ["accepted", "retry", "retry"]
    assert len(desk.taken) == 1


def test_an_object_that_is_on_its_way_is_taken_and_acknowledged_before_the_end(listener, desk):
    with Line(listener.port, 10_000) as line, storing(line, xray(0)) as assoc, ThreadPoolExecutor(1) as sender:
        answer = sender.submit(stored, assoc, xray(0))
        assert line.held.wait(PATIENCE)
        with stopped_meanwhile(listener):
            line.goes_on.set()
            assert answer.result() == 0
    assert data_set(desk.taken[0]) == data_set(xray(0))


def test_an_object_that_comes_too_slowly_is_cut_off_unacknowledged(listener, desk):
    with Line(listener.port, 10_000) as line, storing(line, xray(0)) as assoc, ThreadPoolExecutor(1) as sender:
        answer = sender.submit(stored, assoc, xray(0))
        assert line.held.wait(PATIENCE)
        listener.stop(0)
        line.goes_on.set()
        assert answer.result() is None
    assert desk.taken == []


def test_an_association_on_which_nothing_goes_on_is_ended_at_once(listener):
    with storing(listener, xray(0)) as assoc, stopped_meanwhile(listener):
        wait_until(lambda: not assoc.is_established)
        assert assoc.is_aborted


def test_a_stopped_listener_has_no_port_and_no_threads(desk):
    before = set(threading.enumerate())
    with listening(desk) as listener:
        run("echoscu", listener)
        listener.stop(1)
        assert set(threading.enumerate()) == before
        assert refuses_connections(listener)


def test_nothing_of_the_network_library_is_logged(listener, caplog):
    caplog.set_level("DEBUG")
    with storing(listener, xray(0)) as assoc:
        stored(assoc, xray(0))
        assoc.abort()
    run("echoscu", listener, title="OTHER")
    assert {each.name.split(".")[0] for each in caplog.records} <= {"cxr_core"}
