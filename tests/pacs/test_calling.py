"""Whatever keeps us from another node is said with host, port, AE title, and what helps."""

import socket
import threading
from contextlib import contextmanager

import pytest
from pydicom.uid import CTImageStorage
from pynetdicom import build_context, evt
from pynetdicom.acse import ACSE

from cxr_core.errors import BadInput, DeliveryError
from cxr_core.pacs.calling import Endpoint, NoAssociation, associated
from cxr_core.pacs.contexts import VERIFICATION
from cxr_core.pacs.outcome import State
from cxr_core.pacs.sender import echo, store
from cxr_core.pacs.tls import Tls
from tests.pacs.certificates import Authority
from tests.pacs.desks import TITLE, listening
from tests.pacs.objects import xray
from tests.pacs.peers import PATIENCE, serving


def to(port, host="127.0.0.1", called=TITLE, tls=None, patience=PATIENCE):
    return Endpoint(host, port, called, "ROOM1", tls, patience)


def failure(endpoint):
    """What echo says, and where an object stands that was to be sent; both name the node."""
    with pytest.raises(DeliveryError) as refused:
        echo(endpoint)
    words = str(refused.value)
    assert f"{endpoint.called} at {endpoint.host}:{endpoint.port}" in words
    [outcome] = store(endpoint, [xray(0)])
    assert outcome.reason == words
    assert outcome.status is None
    return words, outcome.state


@contextmanager
def mute(answer=b"", closes=False):
    """A port that isn't DICOM: it says this to whoever calls, and nothing else."""
    server, over = socket.create_server(("127.0.0.1", 0)), threading.Event()
    callers = []

    def serve():
        while not over.is_set():
            caller, _ = server.accept()
            callers.append(caller)
            caller.sendall(answer)
            if closes:
                caller.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        socket.create_connection(server.getsockname()).close()
        thread.join(PATIENCE)
        for each in (server, *callers):
            each.close()


def rejecting(*how):
    """A node that rejects every association with this result, source and reason."""

    def reject(event):
        event.assoc.acse.send_reject(*how)
        event.assoc.kill()

    return serving((evt.EVT_REQUESTED, reject), contexts=[build_context(VERIFICATION)])


def test_a_node_that_is_there_is_no_failure(listener):
    echo(to(listener.port))


def test_tls_with_certificates_of_one_authority_is_no_failure(secured, desk, authority):
    echo(to(secured.port, tls=authority.issue()))
    assert desk.callers[0].certificate


def test_a_port_where_nothing_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        words, state = failure(to(taken.getsockname()[1]))
    assert "nothing answers at that port" in words
    assert state is State.RETRY


def test_a_host_that_does_not_exist():
    words, state = failure(to(104, host="no.such.host.invalid"))
    assert "there is no such host" in words
    assert state is State.RETRY


def test_a_host_that_can_be_none():
    words, _ = failure(to(104, host="a" * 70))
    assert "name" in words


def test_a_port_that_says_nothing():
    with mute() as port:
        words, state = failure(to(port, patience=0.3))
    assert "no answer within" in words
    assert state is State.RETRY


def test_a_port_that_hangs_up():
    with mute(closes=True) as port:
        words, state = failure(to(port))
    assert "hangs up" in words
    assert state is State.RETRY


def test_a_port_that_has_hung_up_before_anything_is_said(monkeypatch):
    send = ACSE.send_request

    def late(acse):
        acse.dul.join(0.2)  # what happens on the connection until then must not end the thread that says it is there
        send(acse)

    monkeypatch.setattr(ACSE, "send_request", late)
    with mute(closes=True) as port, pytest.raises(NoAssociation, match="hangs up"):
        echo(to(port))


def test_a_port_that_speaks_something_else():
    with mute(b"220 mail.example ESMTP\r\n", closes=True) as port:
        words, state = failure(to(port))
    assert "hangs up" in words
    assert state is State.RETRY


def test_a_port_that_says_nothing_to_tls(authority):
    with mute() as port:
        words, state = failure(to(port, tls=authority.issue(), patience=0.3))
    assert "no answer" in words
    assert state is State.RETRY


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ((1, 1, 3), "it doesn't know the AE title ROOM1"),
        ((1, 1, 7), "it isn't the AE title CXR"),
        ((1, 1, 1), "it gives no reason"),
        ((2, 3, 1), "it is too busy"),
        ((2, 3, 2), "it has as many associations as it takes"),
        ((2, 1, 1), "it gives no reason"),
    ],
)
def test_a_node_that_rejects(how, words):
    with rejecting(*how) as port:
        said, found = failure(to(port))
    assert words in said
    assert found is State.RETRY, "it says nothing about the object"


def test_a_node_that_has_rejected_and_gone_before_anybody_looked():
    gone = (evt.EVT_REQUESTED, lambda event: event.assoc.dul.join(PATIENCE))
    contexts = [build_context(VERIFICATION)]
    with rejecting(1, 1, 7) as port, pytest.raises(NoAssociation, match="it isn't the AE title CXR"):
        associated(to(port), contexts, [gone]).__enter__()


def test_our_listener_as_a_node_that_rejects(listener, desk):
    desk.refuses = lambda caller: True
    assert failure(to(listener.port)) == (
        f"CXR at 127.0.0.1:{listener.port} rejects the association: it doesn't know the AE title ROOM1: "
        "have that registered there", State.RETRY,
    )  # fmt: skip


def test_a_certificate_of_another_authority(secured, tmp_path):
    words, state = failure(to(secured.port, tls=Authority(tmp_path / "others").issue()))
    assert "its certificate isn't accepted" in words
    assert state is State.RETRY


def test_a_certificate_that_the_node_does_not_trust(secured, authority, tmp_path):
    ours = Authority(tmp_path / "others").issue()
    words, state = failure(to(secured.port, tls=Tls(ours.certificate, ours.key, authority.certificate)))
    assert "let it trust this node's certificate" in words
    assert state is State.RETRY


def test_a_certificate_for_another_host(desk, authority):
    with listening(desk, authority.issue("pacs.example")) as listener:
        words, state = failure(to(listener.port, tls=authority.issue()))
    assert "name the host as its certificate does" in words
    assert state is State.RETRY


def test_tls_to_a_node_without_it(listener, authority):
    words, state = failure(to(listener.port, tls=authority.issue()))
    assert "TLS" in words
    assert state is State.RETRY


def test_no_tls_to_a_node_with_it(secured):
    words, state = failure(to(secured.port))
    assert "whether it wants TLS" in words
    assert state is State.RETRY


def test_files_of_ours_that_are_missing(secured, authority, tmp_path):
    files = authority.issue()
    words, state = failure(to(secured.port, tls=Tls(tmp_path / "gone.pem", files.key, files.authority)))
    assert "gone.pem" in words
    assert state is State.RETRY


def test_a_node_without_echo():
    with (
        serving(contexts=[build_context(CTImageStorage)]) as port,
        pytest.raises(DeliveryError, match="but to no echo"),
    ):
        echo(to(port))


def test_a_node_whose_echo_fails():
    handler = (evt.EVT_C_ECHO, lambda event: 0x0122)
    with (
        serving(handler, contexts=[build_context(VERIFICATION)]) as port,
        pytest.raises(DeliveryError, match="status 0122"),
    ):
        echo(to(port))


@pytest.mark.parametrize("title", ["", " ", "A" * 17, "ÄRZTE", "A\\B", "A\nB"])
def test_a_title_that_is_none_is_refused(title):
    with pytest.raises(BadInput, match="is no AE title"):
        Endpoint("127.0.0.1", 104, title, "ROOM1", None, 1)
    with pytest.raises(BadInput, match="is no AE title"):
        Endpoint("127.0.0.1", 104, "ROOM1", title, None, 1)
