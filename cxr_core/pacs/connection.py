"""A connection to a host that ends in time, whatever the host does with it, and HTTP over such a one."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from threading import Event, Timer

PORTS = {"http": 80, "https": 443}


class TooSlow(OSError):
    """A host answered, but not to the end in time."""


@contextmanager
def connected(host: str, port: int, patience: float, deadline: float) -> Iterator[socket.socket]:
    """A connection with `patience` seconds for each answer, shut after `deadline` seconds, encrypted by then or not.

    Raises TooSlow where it was shut, OSError for whatever else a network does.
    """
    late = Event()
    with socket.create_connection((host, port), patience) as connection, connection.dup() as held:
        timer = Timer(deadline, _shut, (held, late))
        timer.daemon = True  # a worker that is told to end doesn't wait for it
        timer.start()
        try:
            yield connection
        finally:
            timer.cancel()
            timer.join()
            if late.is_set():  # whatever the broken connection was taken for
                raise TooSlow


def http_over(connection: socket.socket, host: str, port: int, context: ssl.SSLContext | None) -> HTTPConnection:
    """HTTP, with a context HTTPS, straight to the host, whatever proxy the environment names. Raises OSError."""
    if context is None:
        over = HTTPConnection(host, port)
        over.sock = connection
    else:
        over = HTTPSConnection(host, port, context=context)
        over.sock = context.wrap_socket(connection, server_hostname=host)
    return over


def _shut(connection: socket.socket, late: Event) -> None:
    late.set()
    with suppress(OSError):  # the host has left
        connection.shutdown(socket.SHUT_RDWR)
