"""One port that DICOM nodes call: a thread for each caller from the first byte on, so that none can hold up another."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import time
from contextlib import suppress
from socketserver import BaseServer
from threading import Lock
from typing import Any, cast

from pynetdicom.ae import ApplicationEntity as AE
from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from cxr_core.pacs.answering import Answers
from cxr_core.pacs.contexts import served
from cxr_core.pacs.ports import OpenPort
from cxr_core.pacs.quiet import told_without_words
from cxr_core.pacs.tls import fingerprint
from cxr_core.pacs.upper_layer import UpperLayer
from cxr_core.pacs.wire import Wire

HANDSHAKE_SECONDS = 20.0
_COURTESY, _MOST_COURTESY = 0.01, 0.1
"""Seconds, for each association that a process has, in which one that has fewer may take the next connection."""
log = logging.getLogger(__name__)


class Door(ThreadedAssociationServer):
    """What accepts at a port. pynetdicom's shakes hands before it listens on, for as long as the other end likes."""

    def __init__(self, ae: AE, port: OpenPort, answers: Answers, most: int, largest: int, shared: bool) -> None:
        self._port, self._shared = port, shared
        self.largest = largest
        """Bytes of an object that is listened to."""
        self._knows = answers.knows
        self._most = 2 * most  # those that are more than `most` are told so, once it is known that they speak DICOM
        self._greeted: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(
            ae,
            port.socket.getsockname(),
            ae.ae_title,
            served(),
            port.tls,
            evt_handlers=answers.handlers(),
            request_handler=_Greeter,
        )

    def server_bind(self) -> None:
        """Take over the port, which is bound already."""
        self.socket.close()  # type: ignore[union-attr]
        self.socket = self._port.socket

    def server_activate(self) -> None:
        """Nothing: connections wait there already."""

    def server_close(self) -> None:
        """Listen no longer. Closed before pynetdicom shuts it down, which would end it for all that share it."""
        self.socket.close()  # type: ignore[union-attr]
        super().server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection; the handshake is left to its own thread.

        Raises BlockingIOError where another process was quicker, as it is let be by one that has more to do.
        """
        if self._shared:
            with self._lock:
                there = len(self.ae.active_associations) + len(self._greeted)
            time.sleep(min(_COURTESY * there, _MOST_COURTESY))
        connection, address = self.socket.accept()  # type: ignore[union-attr]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(HANDSHAKE_SECONDS)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether anybody there may call, and there is room for one more, who is counted from here on.

        Whoever may not is hung up on at once: connections that say nothing would take the room of those who may.
        """
        if not self._knows(client_address[0]):
            log.warning("somebody calls from %s, from where nobody may", client_address[0])
            return False
        with self._lock:
            if len(self.active_associations) + len(self._greeted) >= self._most:
                return False
            self._greeted.add(request)
            return True

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where there is TLS, and begin to listen for an association."""
        try:
            if isinstance(request, ssl.SSLSocket):
                request.do_handshake()
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._greeted.discard(request)

    def service_actions(self) -> None:
        """Nothing: pynetdicom collects garbage here, for which Python needs no reminder."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that can't speak TLS, or isn't of the authority, or left; or something that nobody foresaw."""
        error = sys.exception()
        if isinstance(request, ssl.SSLSocket) and isinstance(error, OSError):
            log.warning("no secure connection with %s", client_address[0])
        elif error is not None:
            log.error("the connection with %s ended before it began: %s", client_address[0], told_without_words(error))

    def close(self) -> None:
        """Listen no longer, and hang up on whoever hasn't said yet who it is."""
        BaseServer.shutdown(self)
        with self._lock:
            for each in self._greeted:
                with suppress(OSError):  # one that has left already
                    each.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Greeter(RequestHandler):
    """Makes the association of a caller, on a connection of ours."""

    def _create_association(self) -> Association:
        assoc = super()._create_association()
        assoc.dul = UpperLayer(assoc)  # in place of pynetdicom's, to which its own connection has announced itself
        wire = Wire(assoc, client_socket=self.request)
        wire.certificate = fingerprint(self.request)
        wire.largest = cast(Door, self.server).largest
        assoc.set_socket(wire)
        return assoc
