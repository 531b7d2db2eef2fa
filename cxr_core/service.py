"""Telling the service manager (sd_notify(3)) how the program is; where none started it, nobody is told."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"


def tell(state: str) -> None:
    """Say how the program is, to whoever listens at NOTIFY_SOCKET; one that hears nothing stops no program."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith(("/", "@")):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
