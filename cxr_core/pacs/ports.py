"""The ports that DICOM nodes call: bound once, and listened at by as many processes as share them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from pynetdicom.transport import AddressInformation

from cxr_core.errors import SettingsError
from cxr_core.pacs.tls import Tls, server_context

_WAITING = 128
"""Connections that wait to be accepted."""


@dataclass(frozen=True)
class Port:
    """Where to listen: a name or address of this machine, and a port, 0 for any that is free."""

    host: str
    port: int
    tls: Tls | None = None


@dataclass(frozen=True)
class OpenPort:
    """A port at which connections wait for whichever process accepts them, and what they are secured by, if at all."""

    socket: socket.socket
    tls: ssl.SSLContext | None

    @property
    def number(self) -> int:
        """The port that it is."""
        return int(self.socket.getsockname()[1])


def open_ports(ports: Sequence[Port]) -> list[OpenPort]:
    """All of them, open. Raises SettingsError where a port, a host or a certificate can't be used, and none is open."""
    opened: list[OpenPort] = []
    try:
        for port in ports:
            opened.append(_opened(port))
    except SettingsError:
        close(opened)
        raise
    return opened


def close(opened: Sequence[OpenPort]) -> None:
    """Listen at them no longer, in this process."""
    for each in opened:
        each.socket.close()


def _opened(port: Port) -> OpenPort:
    context = server_context(port.tls) if port.tls else None
    try:
        return OpenPort(_bound(AddressInformation(port.host, port.port)), context)
    except OSError as error:
        remedy = "name an address of this machine and a port that is free and may be used"
        raise SettingsError(f"can't listen at {port.host}:{port.port} ({error.strerror}): {remedy}") from error


def _bound(address: AddressInformation) -> socket.socket:
    """It doesn't block: where several are told of a connection, those wait no longer whom another was quicker than."""
    bound = socket.socket(address.address_family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(address.as_tuple)
        bound.listen(_WAITING)
    except OSError:
        bound.close()
        raise
    return bound
