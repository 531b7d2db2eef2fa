"""Audit messages on their way: syslog (RFC 5424) over TLS (RFC 5425), or by UDP (RFC 5426) in a closed network."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cxr_core.errors import DeliveryError
from cxr_core.pacs.connection import TooSlow, connected

PRIORITY = 10 * 8 + 5
"""Facility 10 (security messages), severity 5 (notice): PS3.15 A.6.2."""
MESSAGE_ID = "DICOM+RFC3881"
"""PS3.15 A.6.2: what the message holds is an audit message of DICOM."""
NOTHING = "-"
BOM = "\ufeff"
PATIENCE_SECONDS = 10.0
DEADLINE_SECONDS = 60.0
LARGEST_DATAGRAM = 65_000
"""Bytes that one datagram holds."""
APART_SECONDS = 0.005
"""Between two datagrams: of hundreds at once what finds no room at the socket is lost, and nobody hears of it."""


@dataclass(frozen=True)
class Collector:
    """Where messages go."""

    host: str
    port: int
    tls: bool
    authority: Path | None = None
    """Who vouches for the host; None for those whom the system trusts."""

    def __str__(self) -> str:
        return f"the syslog server {self.host}:{self.port}"


def message(at: str, program: str, text: str) -> bytes:
    """One message: `at` is ISO 8601 with an offset, `program` what sent it, `text` its content in UTF-8."""
    host = socket.gethostname()[:255] or NOTHING
    head = f"<{PRIORITY}>1 {at} {host} {program} {os.getpid()} {MESSAGE_ID} {NOTHING} "
    return (head + BOM + text).encode()


def framed(data: bytes) -> bytes:
    """By counting octets: RFC 5425 4.3."""
    return str(len(data)).encode() + b" " + data


def send(collector: Collector, messages: Iterable[bytes]) -> None:
    """Send messages in order. Raises DeliveryError, and then any number of them may have arrived.

    Syslog answers nothing. Over TLS the end of the connection is agreed on with the other side, which shows that all
    was received there; of a datagram nothing shows it.
    """
    with _explained(collector):
        if collector.tls:
            _by_tls(collector, messages)
        else:
            _by_udp(collector, messages)


def _by_tls(collector: Collector, messages: Iterable[bytes]) -> None:
    context = ssl.create_default_context(cafile=collector.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with (
        connected(collector.host, collector.port, PATIENCE_SECONDS, DEADLINE_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=collector.host) as secured,
    ):
        for each in messages:
            secured.sendall(framed(each))
        _end(secured)


def _end(secured: ssl.SSLSocket) -> None:
    """Say that this was all, and wait until the other side has ended, too: then it has read to the end."""
    with suppress(ssl.SSLError):  # it has ended the connection without a word, having read to the end
        secured.unwrap()


def _by_udp(collector: Collector, messages: Iterable[bytes]) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        collector.host, collector.port, type=socket.SOCK_DGRAM
    )[0]  # fmt: skip
    with socket.socket(family, kind, protocol) as own:
        own.connect(address)
        for each in messages:
            own.send(each[:LARGEST_DATAGRAM])
            time.sleep(APART_SECONDS)


@contextmanager
def _explained(collector: Collector) -> Iterator[None]:
    """Raises DeliveryError with the host and a remedy for whatever a network does."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise DeliveryError(f"{collector}: {_remedy(error)}") from error


def _remedy(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate isn't trusted: name its authority's file in CXR_SYSLOG_AUTHORITY"
    if isinstance(error, ssl.SSLError):
        return "it speaks no TLS that this program takes: check the port, and CXR_SYSLOG_AUTHORITY"
    if isinstance(error, FileNotFoundError):
        return "the file that CXR_SYSLOG_AUTHORITY names isn't there"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers at that port: check CXR_SYSLOG, and that the server runs"
    if isinstance(error, (TooSlow, TimeoutError)):
        return "it answers too slowly: ask whoever runs it"
    return f"{error or type(error).__name__}: check CXR_SYSLOG"
