"""Whatever an archive does to an answer, the ledger says where it stands, why, and what helps; nothing else waits."""

import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from pydicom.uid import Comprehensive3DSRStorage
from pynetdicom import build_context, evt
from pynetdicom.pdu import P_DATA_TF

from cxr_core.pacs import tls
from cxr_core.records import Answer, DeliveryState, Proof
from cxr_core.work.hospital import archives
from cxr_core.work.reading_room import recording
from tests.network.outbox import FIND, Archive
from tests.orthanc import free_port
from tests.pacs.certificates import Authority
from tests.pacs.peers import PATIENCE, serving
from tests.work.sites import add_user, form, query

pytestmark = pytest.mark.alone
QUEUED, ACCEPTED, VERIFIED, DEAD = (
    DeliveryState.QUEUED, DeliveryState.ACCEPTED, DeliveryState.VERIFIED, DeliveryState.DEAD,
)  # fmt: skip


def abort(event):
    event.assoc.abort()
    return 0


def hang_up(event):
    event.assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    return 0


@pytest.mark.parametrize(("status", "state", "words"), [
    (0xA700, QUEUED, "make room"), (0x0110, QUEUED, "look into its log"), (0xA900, DEAD, "ask whoever runs it"),
    (0xC000, DEAD, "look into its log"), (0x0122, DEAD, "let it take them"), (0x0124, DEAD, "have it allowed there"),
    (abort, QUEUED, "check that it runs"), (hang_up, QUEUED, "check that it runs"),
])  # fmt: skip
def test_what_is_not_taken_goes_again_or_is_dead_and_says_why(outbox, status, state, words):
    with Archive(status).at_work() as port:
        pacs = outbox.to(port)
        found = outbox.one(pacs)
        assert found.state is state
        assert f"127.0.0.1:{port}" in found.said and words in found.said
        if state is QUEUED:
            outbox.deliver(pacs, minutes=2)
            assert outbox.one(pacs, minutes=2).state is VERIFIED


@pytest.mark.parametrize("status", [0x0000, 0xB000])
def test_what_is_taken_is_verified_once_the_archive_says_that_it_has_it(outbox, status):
    with Archive(status).at_work() as port:
        pacs = outbox.to(port)
        assert outbox.one(pacs).state is ACCEPTED
        assert outbox.one(pacs, minutes=1).state is VERIFIED


def test_what_the_archive_has_already_counts_as_there(outbox):
    archive = Archive(0, 0x0111)
    with archive.at_work() as port:
        pacs = outbox.to(port)
        outbox.deliver(pacs)
        with outbox.db() as db:  # our side forgets that it was taken
            db.execute("UPDATE deliveries SET state = 'queued', accepted_at = NULL, next_at = ''")
        assert "it has the object already" in outbox.one(pacs).said
        assert outbox.one(pacs, minutes=1).state is VERIFIED
    assert len(archive.kept) == 1


@contextmanager
def rejecting(*how):
    calls = []

    def reject(event):
        calls.append(event)
        event.assoc.acse.send_reject(*how)
        event.assoc.kill()

    with serving((evt.EVT_REQUESTED, reject), contexts=[build_context(FIND)]) as port:
        yield port, calls


@pytest.mark.parametrize(("how", "words"), [
    ((2, 3, 1), "it is too busy"), ((1, 1, 3), "have that registered there"), ((1, 1, 7), "check that title"),
])  # fmt: skip
def test_an_archive_that_rejects_the_association_is_left_alone_until_it_takes_answers(outbox, how, words):
    with rejecting(*how) as (port, calls):
        pacs = outbox.to(port, answers=(Answer.REPORT, Answer.CAPTURE))
        for found in outbox.deliver(pacs):
            assert found.state is QUEUED
            assert f"ARCHIVE at 127.0.0.1:{port}" in found.said and words in found.said
        outbox.deliver(pacs, seconds=20)
    assert len(calls) == 1


def test_an_archive_that_takes_no_reports(outbox):
    with serving(contexts=[build_context(FIND)]) as port:
        found = outbox.one(outbox.to(port))
    assert found.state is DEAD and "let it accept that" in found.said


@pytest.mark.parametrize("speaks", [False, True])
def test_a_port_that_says_nothing_or_is_closed(outbox, monkeypatch, speaks):
    monkeypatch.setattr(archives, "PATIENCE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not speaks:
            server.close()
        found = outbox.one(outbox.to(port))
    assert found.state is QUEUED
    assert f"127.0.0.1:{port}" in found.said and "check" in found.said


def test_an_archive_that_falls_silent_on_an_answer(outbox, monkeypatch):
    monkeypatch.setattr(archives, "PATIENCE_SECONDS", 0.5)
    over = threading.Event()
    with Archive(lambda event: over.wait(PATIENCE) and 0xA700).at_work() as port:
        found = outbox.one(outbox.to(port))
        over.set()
    assert found.state is QUEUED and "check that it runs" in found.said


def test_an_archive_that_breaks_off_in_the_middle_of_an_answer(outbox):
    came = []

    def cut(event):
        if isinstance(event.pdu, P_DATA_TF):
            came.append(len(event.pdu))
            event.assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)

    small = build_context(Comprehensive3DSRStorage)
    with serving((evt.EVT_PDU_RECV, cut), contexts=[small]) as port:
        found = outbox.one(outbox.to(port))
    assert found.state is QUEUED and f"127.0.0.1:{port}" in found.said and "check that it runs" in found.said
    assert came


def test_an_archive_of_another_authority(outbox, authority, tmp_path):
    ours, others = authority.issue(), Authority(tmp_path / "others").issue()
    outbox.settings = replace(
        outbox.settings, tls_certificate=ours.certificate, tls_key=ours.key, tls_authority=ours.authority
    )
    context = tls.server_context(others)
    context.verify_mode = ssl.CERT_NONE
    with Archive().at_work(context=context) as port:
        found = outbox.one(outbox.to(port, tls=True))
    assert found.state is QUEUED
    assert f"127.0.0.1:{port}" in found.said and "the authority that issued it" in found.said


def test_a_destination_that_wants_tls_waits_until_there_is_a_certificate(outbox):
    with Archive().at_work() as port:
        pacs = outbox.to(port, tls=True)
        found = outbox.one(pacs)
    assert found.state is QUEUED and "CXR_TLS_CERTIFICATE" in found.said


def test_what_is_accepted_and_forgotten_goes_out_three_times_and_is_dead(outbox):
    archive = Archive(forgets=True)
    with archive.at_work() as port:
        pacs = outbox.to(port)
        found = [outbox.one(pacs, hours=1) for _ in range(6)]
    assert [each.state for each in found] == [ACCEPTED, QUEUED, ACCEPTED, QUEUED, ACCEPTED, DEAD]
    assert f"127.0.0.1:{port}" in found[-1].said and "3 times" in found[-1].said


def test_an_archive_that_can_not_be_asked_is_sent_nothing_twice_and_named_in_the_end(outbox):
    archive = Archive()
    with archive.at_work(finds=False) as port:
        pacs = outbox.to(port)
        assert outbox.one(pacs).state is ACCEPTED
        waiting = outbox.one(pacs, hours=1)
        end = outbox.one(pacs, days=3)
    assert waiting.state is ACCEPTED and "let it accept queries" in waiting.said
    assert end.state is DEAD and end.said.startswith("given up after 3 days: ")
    assert len(archive.kept) == 1


def test_an_archive_that_is_asked_for_no_proof_is_believed(outbox):
    with Archive(forgets=True).at_work(finds=False) as port:
        pacs = outbox.to(port, Proof.NONE)
        outbox.deliver(pacs)
        assert outbox.one(pacs, days=30).state is ACCEPTED


def test_where_commitment_is_not_answered_the_archive_is_asked_what_it_has(outbox):
    archive = Archive()
    with archive.at_work() as port:
        pacs = outbox.to(port, Proof.COMMITMENT)
        outbox.deliver(pacs)
        assert outbox.one(pacs, minutes=1).state is ACCEPTED
        assert outbox.one(pacs, minutes=11).state is VERIFIED
    assert len(archive.asked) == 1


def test_what_a_reader_changes_once_it_is_there_is_verified_all_the_same(outbox):
    home, reader = outbox.settings.home, add_user(outbox.settings)
    image = query(outbox.settings, "SELECT id FROM images")[0]["id"]
    read = recording.submit(home, reader, form(outbox.settings, image))
    with Archive().at_work() as port:
        pacs = outbox.to(port, answers=(Answer.ASSESSMENT,))
        assert outbox.one(pacs).state is ACCEPTED
        recording.revise(home, reader, read, form(outbox.settings, image, agrees=False))
        assert outbox.deliver(pacs, minutes=1)[0].state is VERIFIED


def test_what_waits_for_an_archive_that_moves_goes_to_its_new_address(outbox):
    pacs = outbox.to(free_port())
    assert outbox.one(pacs).state is QUEUED
    with Archive().at_work() as port:
        outbox.moved_to(port)
        outbox.one(pacs, minutes=1)
        assert outbox.one(pacs, minutes=1).state is VERIFIED
