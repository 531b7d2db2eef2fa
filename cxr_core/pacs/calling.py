"""To another DICOM node: connection, TLS, association; or plainly why not, and what helps."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydicom.uid import UID
from pynetdicom.ae import ApplicationEntity as AE
from pynetdicom.association import Association
from pynetdicom.events import EventHandlerType
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import T_CONNECT, AddressInformation

from cxr_core.errors import BadInput, DeliveryError, SettingsError
from cxr_core.pacs import contexts as ours
from cxr_core.pacs.tls import Tls, client_context
from cxr_core.pacs.wire import PDU_BYTES, Wire

_JOIN_SECONDS = 10.0
_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLError, "it speaks no TLS that this program takes: check the port, and whether it is encrypted at all"),
    (socket.gaierror, "there is no such host: check its name"),
    (ConnectionRefusedError, "nothing answers at that port: check the port, and that the service runs"),
    (TimeoutError, "no answer: check that it runs, and the firewall in between"),
    (ConnectionError, "it hung up at once: check the port, and whether it wants TLS"),
    (UnicodeError, "that can't be the name of a host: check it"),
)  # fmt: skip
_REJECTED: dict[tuple[int | None, int | None], str] = {
    (1, 2): "it doesn't speak DICOM as other nodes do: ask whoever runs it",
    (1, 3): "it doesn't know the AE title {calling}: have that registered there",
    (1, 7): "it isn't the AE title {called}: check that title",
    (3, 1): "it is too busy: it may take it later",
    (3, 2): "it has as many associations as it takes: it may take it later",
}
"""By source and reason (PS3.8 9.3.4)."""


@dataclass(frozen=True)
class Endpoint:
    """Another DICOM node, and as whom it is called."""

    host: str
    port: int
    called: str
    """Its AE title."""
    calling: str
    """Ours."""
    tls: Tls | None
    patience: float
    """Seconds that it may say nothing and take nothing when it is its turn."""

    def __post_init__(self) -> None:
        for title in (self.called, self.calling):
            if not (0 < len(title.strip()) <= 16 and title.isascii() and title.isprintable() and "\\" not in title):
                raise BadInput(f"{title!r} is no AE title: it has 1 to 16 letters, digits or spaces, and no backslash")

    def __str__(self) -> str:
        return f"{self.called} at {self.host}:{self.port}"


class NoAssociation(DeliveryError):
    """Another node can't be talked to."""


@contextmanager
def associated(
    endpoint: Endpoint, contexts: Sequence[PresentationContext], handlers: Sequence[EventHandlerType] = ()
) -> Iterator[Association]:
    """An association that is released at the end, and has no threads any more then.

    It may have no accepted contexts, and is over then. Raises NoAssociation, with host, port, AE title and remedy.
    """
    assoc = _association(endpoint, _connected(endpoint), contexts)
    for event, handler, *_ in handlers:
        assoc.bind(event, handler)
    try:
        assoc.request()
        if assoc.is_established:
            assoc.start()
        elif not _accepted(assoc):
            raise _why(endpoint, assoc)
        yield assoc
    finally:
        _end(assoc)


def _accepted(assoc: Association) -> bool:
    answer = assoc.acceptor.primitive
    return answer is not None and answer.result == 0


def _connected(endpoint: Endpoint) -> socket.socket:
    try:
        context = client_context(endpoint.tls) if endpoint.tls else None
        connection = socket.create_connection((endpoint.host, endpoint.port), endpoint.patience)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(connection, server_hostname=endpoint.host) if context else connection
    except SettingsError as error:
        raise NoAssociation(f"{endpoint}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise NoAssociation(f"{endpoint}: {_remedy(error)}") from error


def _remedy(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "name the host as its certificate does, and the authority that issued it"
        return f"its certificate isn't accepted ({error.verify_message}): {remedy}"
    if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
        return f"it refuses TLS ({error.reason}): let it trust this node's certificate"
    found = next((words for kind, words in _REMEDIES if isinstance(error, kind)), None)
    return found or f"{error or type(error).__name__}: ask whoever runs it"


class _Dialled(Wire):
    """A connection that is there before pynetdicom would make it: it wouldn't say what keeps it from that."""

    _was_connected = False

    def __init__(self, assoc: Association, connection: socket.socket) -> None:
        self._made = connection
        super().__init__(assoc, address=AddressInformation("127.0.0.1", 0))

    def _create_socket(self, address: AddressInformation) -> socket.socket:
        return self._made

    @property
    def _is_connected(self) -> bool:
        """Once it is, for good: pynetdicom looks late, and takes who has hung up by then for one never there."""
        return self._was_connected

    @_is_connected.setter
    def _is_connected(self, value: bool) -> None:
        self._was_connected = self._was_connected or value

    def connect(self, primitive: T_CONNECT) -> None:
        """Say that it is connected."""
        self._is_connected = True
        primitive.result = "Evt2"
        self.provider_queue.put(primitive)
        self._ready.set()


def _association(endpoint: Endpoint, connection: socket.socket, contexts: Sequence[PresentationContext]) -> Association:
    assoc = Association(AE(endpoint.calling), "requestor")
    assoc.acse_timeout = assoc.dimse_timeout = endpoint.patience
    assoc.network_timeout = None  # each answer has its own end
    wire = _Dialled(assoc, connection)
    wire.patience = endpoint.patience
    assoc.set_socket(wire)
    assoc.acceptor.ae_title = endpoint.called
    assoc.acceptor.address_info = assoc.requestor.address_info = AddressInformation("127.0.0.1", endpoint.port)
    assoc.requestor.ae_title = endpoint.calling
    assoc.requestor.maximum_length = PDU_BYTES
    assoc.requestor.implementation_class_uid = UID(ours.IMPLEMENTATION_CLASS_UID)
    assoc.requestor.implementation_version_name = ours.IMPLEMENTATION_VERSION_NAME
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    assoc.requestor.requested_contexts = list(contexts)
    return assoc


def _why(endpoint: Endpoint, assoc: Association) -> NoAssociation:
    """No association came about: rejected, cut off, or nothing was said."""
    answer = assoc.acceptor.primitive
    if assoc.is_rejected and answer is not None:
        known = _REJECTED.get((answer.result_source, answer.diagnostic), "it gives no reason: ask whoever runs it")
        words = known.format(calling=endpoint.calling, called=endpoint.called)
        return NoAssociation(f"{endpoint} rejects the association: {words}")
    if assoc._sent_abort:
        words = "check that it runs, and that it is a DICOM node"
        return NoAssociation(f"{endpoint}: no answer within {endpoint.patience:.0f} s: {words}")
    trust = "let it trust this node's certificate" if endpoint.tls else "check the port, and whether it wants TLS"
    return NoAssociation(f"{endpoint} hangs up: {trust}")


def _end(assoc: Association) -> None:
    if assoc.is_established:
        assoc.release()
    wire = assoc.dul.socket
    if isinstance(wire, Wire):
        wire.hang_up()
    for thread in (assoc, assoc.dul):
        if thread.ident is not None:
            thread.join(_JOIN_SECONDS)
