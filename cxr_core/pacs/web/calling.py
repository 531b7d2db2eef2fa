"""One exchange with a DICOMweb server, straight and bounded: no redirects, no proxies, an end to waiting and to size.

What keeps it from succeeding is said with a remedy. Nothing of what a server answers gets into a message: it may
repeat a patient's name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse

from cxr_core import __version__
from cxr_core.errors import DeliveryError, Unreachable
from cxr_core.pacs.connection import PORTS, TooSlow, connected, http_over
from cxr_core.pacs.web.endpoint import WebEndpoint, authorization

LARGEST_ANSWER = 32 * 2**20
"""Bytes of an answer that is read as a whole."""
PIECE = 2**16


_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError,
     "its certificate isn't trusted: add the hospital's authority to the system's, or name its file in SSL_CERT_FILE, "
     "and call the server as its certificate does"),
    (ssl.SSLEOFError, "it broke the connection off: ask whoever runs it"),
    (ssl.SSLError, "it speaks no TLS that this program takes, or asks for a certificate, and gets none: ask its admin"),
    (socket.gaierror, "there is no such host: check its name"),
    (ConnectionRefusedError, "nothing answers at that port: check the port, and that the service runs"),
    (TooSlow, "it answers too slowly: ask whoever runs it"),
    (TimeoutError, "no answer: check that it runs, and the firewall in between"),
    (ConnectionError, "it broke the connection off: ask whoever runs it"),
    (HTTPException, "it speaks no HTTP that this program takes: check the port"),
    (UnicodeError, "the host can have plain letters and digits alone: check its name"),
)  # fmt: skip
_REFUSALS = {
    400: "it takes the request for malformed",
    401: "it doesn't know who asks: check user and password, or the token",
    403: "it allows this program too little: ask whoever runs it for the right to search, retrieve and store",
    404: "there is no such service: check the path of its URL",
    405: "it doesn't offer this service: ask whoever runs it to switch it on",
    406: "it has no answer in DICOM JSON: ask whoever runs it",
    409: "it stores nothing of this, and doesn't say why: ask whoever runs it to look into its log",
    413: "it takes no body of this size: ask whoever runs it to raise its limit",
    415: "it doesn't take DICOM files in this way: ask whoever runs it",
    429: "it is asked too often",
    503: "it is busy, or out of room: ask whoever runs it if that goes on",
}
_OF_ALL = frozenset({401, 403, 429, 502, 503, 504})
"""Statuses that say something of the server or of who asks."""


@dataclass(frozen=True)
class Body:
    """What is sent: pieces, their length together, and their type."""

    content_type: str
    pieces: Iterable[bytes]
    length: int


@dataclass(frozen=True)
class Answer:
    """What came back, as a whole."""

    status: int
    headers: Message
    body: bytes


def ask(endpoint: WebEndpoint, path: str, accept: str, body: Body | None = None) -> Answer:
    """GET what lies at `path` below the root, or POST `body` there. Raises DeliveryError without a whole answer."""
    with exchange(endpoint, path, accept, body) as response:
        found = b"".join(pieces(endpoint, response, LARGEST_ANSWER))
        return Answer(response.status, response.headers, found)


@contextmanager
def exchange(endpoint: WebEndpoint, path: str, accept: str, body: Body | None = None) -> Iterator[HTTPResponse]:
    """As `ask`, with the answer still to be read within the block. Raises DeliveryError with server and remedy."""
    headers = {"Accept": accept, "User-Agent": f"cxr-second-reader/{__version__}", **authorization(endpoint)}
    context = ssl.create_default_context() if endpoint.address.scheme == "https" else None
    where = endpoint.address.path.rstrip("/") + path
    with (
        _explained(endpoint),
        connected(*_host_and_port(endpoint), endpoint.patience, endpoint.deadline) as connection,
        closing(http_over(connection, *_host_and_port(endpoint), context)) as over,
    ):
        if body is None:
            over.request("GET", where, headers=headers)
        else:
            headers |= {"Content-Type": body.content_type, "Content-Length": str(body.length)}
            with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):  # refused before all was sent
                over.request("POST", where, _small(body.pieces), headers)
        with closing(over.getresponse()) as response:
            yield response


def pieces(endpoint: WebEndpoint, response: HTTPResponse, limit: int) -> Iterator[bytes]:
    """The body of an answer as it comes in. Raises DeliveryError beyond `limit` bytes."""
    size = 0
    while piece := response.read(PIECE):
        size += len(piece)
        if size > limit:
            raise DeliveryError(f"{endpoint.name} answers more than {limit} bytes: ask whoever runs it")
        yield piece
    if response.length:  # http.client raises IncompleteRead where all is read at once only
        raise DeliveryError(f"{endpoint.name}: its answer breaks off: ask whoever runs it")


def refusal(endpoint: WebEndpoint, status: int) -> str:
    """What a status other than 2xx means, with a remedy."""
    if 300 <= status < 400:
        why = "it leads elsewhere: name the address that it leads to"
    else:
        why = _REFUSALS.get(status, "ask whoever runs it")
    return f"{endpoint.name} answers {status}: {why}"


def turned_away(endpoint: WebEndpoint, status: int) -> DeliveryError:
    """The error of a status other than 2xx: Unreachable where it isn't about what was asked for."""
    error = Unreachable if 300 <= status < 400 or status in _OF_ALL else DeliveryError
    return error(refusal(endpoint, status))


def _host_and_port(endpoint: WebEndpoint) -> tuple[str, int]:
    address = endpoint.address
    return address.hostname or "", address.port or PORTS[address.scheme]


def _small(pieces: Iterable[bytes]) -> Iterator[memoryview]:
    """Cut so that each has its patience: a socket's is for all of what it is given to send."""
    for piece in pieces:
        for at in range(0, len(piece), PIECE):
            yield memoryview(piece)[at : at + PIECE]


@contextmanager
def _explained(endpoint: WebEndpoint) -> Iterator[None]:
    """Raises Unreachable with server and remedy for whatever a network can do to an exchange."""
    try:
        yield
    except (OSError, HTTPException, UnicodeError) as error:
        why = next((words for kind, words in _REMEDIES if isinstance(error, kind)), "ask whoever runs it")
        raise Unreachable(f"{endpoint.name}: {why}") from None  # the error may quote what the server said
