"""Messages arrive whole, in order and framed, at a real TLS server and by UDP; what a network does is said in words."""

from __future__ import annotations

import re
import socket
import ssl
import threading

import pytest

from cxr_core.errors import DeliveryError
from cxr_core.pacs import syslog
from cxr_core.pacs.syslog import Collector
from tests.pacs.certificates import Authority

AT = "2026-03-01T12:00:00.000000+00:00"
MESSAGES = [syslog.message(AT, "cxr", f"<AuditMessage n='{number}'>ü</AuditMessage>") for number in range(40)]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


class Server:
    """Takes one connection over TLS, and keeps what came over it."""

    def __init__(self, authority):
        issued = authority.issue("localhost")
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(issued.certificate, issued.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.data, self.ended = self._socket.getsockname()[1], b"", False
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self):
        with self._socket, self._socket.accept()[0] as plain:
            try:
                with self._context.wrap_socket(plain, server_side=True) as secured:
                    while some := secured.recv(65536):
                        self.data += some
                    self.ended = True
                    secured.unwrap()
            except OSError:
                pass  # a client that doesn't trust this server

    def received(self):
        self._thread.join(10)
        return list(unframed(self.data))


def unframed(data):
    """The messages of a stream of counted octets."""
    while data:
        length, _, rest = data.partition(b" ")
        yield rest[: int(length)]
        data = rest[int(length) :]


def test_over_tls_all_arrive_in_order_and_the_end_is_agreed_on(authority):
    server = Server(authority)
    syslog.send(Collector("localhost", server.port, True, authority.certificate), MESSAGES)
    assert server.received() == MESSAGES
    assert server.ended


def test_a_message_is_of_rfc_5424_with_facility_ten():
    head, _, text = MESSAGES[3].decode().partition("\ufeff")
    assert re.fullmatch(r"<85>1 2026-03-01T12:00:00\.000000\+00:00 \S+ cxr \d+ DICOM\+RFC3881 - ", head)
    assert text == "<AuditMessage n='3'>ü</AuditMessage>"


def test_a_server_of_another_authority_gets_nothing(authority, tmp_path):
    server = Server(Authority(tmp_path / "another"))
    with pytest.raises(DeliveryError, match="CXR_SYSLOG_AUTHORITY"):
        syslog.send(Collector("localhost", server.port, True, authority.certificate), MESSAGES)
    assert server.received() == []


def test_by_udp_each_is_a_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        syslog.send(Collector("127.0.0.1", server.getsockname()[1], False), MESSAGES[:5])
        assert [server.recv(65536) for _ in range(5)] == MESSAGES[:5]


def test_datagrams_come_one_by_one_for_whoever_has_little_room(monkeypatch):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        came = []
        monkeypatch.setattr(syslog.time, "sleep", lambda seconds: seconds and came.append(server.recv(65536)))
        syslog.send(Collector("127.0.0.1", server.getsockname()[1], False), MESSAGES)
    assert came == MESSAGES


def test_a_server_that_is_not_there_is_said(authority):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DeliveryError, match=r"the syslog server localhost:\d+: nothing answers at that port"):
        syslog.send(Collector("localhost", port, True, authority.certificate), MESSAGES)


def test_an_authority_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DeliveryError, match="isn't there"):
        syslog.send(Collector("localhost", 1, True, tmp_path / "none.pem"), MESSAGES)
