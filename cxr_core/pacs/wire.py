"""The connection under an association: read and written in large pieces, never for ever, never without a limit."""

from __future__ import annotations

import logging
import select
import socket
import time
from contextlib import suppress
from functools import cached_property
from io import BytesIO
from typing import Any

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

import cxr_core.pacs.quiet  # noqa: F401

PDU_BYTES = 2**20
"""The longest PDU that the other end is asked to send (PS3.8 D.1)."""
PDU_SECONDS = 60.0
"""In which one PDU must have come, or a piece of one have gone."""
_PIECE_BYTES = 2**18
OBJECT_BYTES = 512 * 2**20
"""The largest object that is listened to; the memory for it is there only as it comes."""
_QUIET_AFTER, _PAUSE = 1.0, 0.02
"""Seconds: a quiet association that is asked at once each time costs a twentieth of a core."""
_SLACK = 1024
"""Some senders don't count the headers of a PDU as part of it."""
log = logging.getLogger(__name__)


class Wire(AssociationSocket):
    """What pynetdicom reads PDUs from and writes them to."""

    certificate: str | None = None
    """SHA-256 of the other end's, as hex; None without TLS."""
    patience = PDU_SECONDS
    largest = OBJECT_BYTES
    """Bytes of a message, its command set among them, that are kept until it is whole."""
    moved = 0.0
    """When something last came or went, on the clock of time.monotonic."""
    _begin = _end = 0
    """Of what was read ahead of its time, in `_buffer`."""

    @property
    def ready(self) -> bool:
        """Whether there is something to read. Asked a thousand times a second; once it is quiet, it waits a little."""
        if self.something_is_there():
            return True
        if time.monotonic() - self.moved > _QUIET_AFTER and self.socket is not None:
            with suppress(OSError, ValueError):
                select.select([self.socket], [], [], _PAUSE)
        return False

    def something_is_there(self) -> bool:
        """Whether there is something to read now."""
        return self._end > self._begin or super().ready

    def recv(self, nr_bytes: int) -> bytearray:
        """This many bytes, fewer where the connection ends. Raises OSError where they are too many or come too late."""
        self._check(nr_bytes)
        early = self._taken(nr_bytes)
        return early + self._read(nr_bytes - len(early)) if len(early) < nr_bytes else early

    def ahead(self, size: int) -> bytes:
        """The next few bytes, which are read again after; fewer where the connection ends. Raises OSError as `recv`."""
        end = time.monotonic() + self.patience
        while self._end - self._begin < size and self._fill(end):
            pass
        return bytes(self._buffer[self._begin : min(self._begin + size, self._end)])

    def pour(self, size: int, sink: BytesIO) -> None:
        """Write the next bytes to `sink`. Raises OSError as `recv`, and where the connection ends before."""
        self._check(size)
        end = time.monotonic() + self.patience
        while size:
            if self._begin == self._end and not self._fill(end):
                raise ConnectionAbortedError("ended within a PDU")
            size -= sink.write(self._taken(size))

    def _check(self, more: int) -> None:
        if more > PDU_BYTES + _SLACK or self._held() + more > self.largest + _SLACK:
            log.warning(
                "%s sends more than an X-ray may have (CXR_MAX_UPLOAD_MB): it is cut off", self.assoc.requestor.address
            )
            raise ConnectionAbortedError("larger than an X-ray may be")

    @cached_property
    def _buffer(self) -> bytearray:
        return bytearray(_PIECE_BYTES)

    def _taken(self, most: int) -> bytearray:
        """What was read ahead, up to so many bytes."""
        start, self._begin = self._begin, min(self._begin + most, self._end)
        return self._buffer[start : self._begin]

    def _fill(self, end: float) -> int:
        """Read what is there into the room that is left, or wait for it; how many bytes came."""
        rest = self._taken(_PIECE_BYTES)
        self._buffer[: len(rest)] = rest
        self._begin, self._end = 0, len(rest)
        self._connection.settimeout(max(end - time.monotonic(), 0.001))
        with memoryview(self._buffer) as view:
            came = self._connection.recv_into(view[self._end :])
        self._end += came
        self.moved = time.monotonic()
        return came

    def send(self, bytestream: bytes) -> None:
        """All of it; where that can't be done, the association learns that the connection is closed."""
        view = memoryview(bytestream)
        try:
            for start in range(0, len(view), _PIECE_BYTES):
                self._connection.settimeout(self.patience)
                self._connection.sendall(view[start : start + _PIECE_BYTES])
                self.moved = time.monotonic()
        except OSError:
            self.event_queue.put("Evt17")

    def hang_up(self) -> None:
        """End the connection whatever is going on on it; the association's threads end by that."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    @property
    def _connection(self) -> socket.socket:
        if self.socket is None:
            raise ConnectionAbortedError("closed")
        return self.socket

    def _held(self) -> int:
        message: Any = self.assoc.dimse.message
        parts = () if message is None else (message.encoded_command_set, message.data_set)
        return sum(part.tell() for part in parts if part is not None)

    def _read(self, wanted: int) -> bytearray:
        data = bytearray(wanted)
        view, got, end = memoryview(data), 0, time.monotonic() + self.patience
        while got < wanted:
            self._connection.settimeout(max(end - time.monotonic(), 0.001))
            more = self._connection.recv_into(view[got:])
            if not more:
                break
            got += more
            self.moved = time.monotonic()
        view.release()
        del data[got:]
        return data


def wire_of(assoc: Association) -> Wire:
    """The connection of an association of this room."""
    assert isinstance(assoc.dul.socket, Wire)
    return assoc.dul.socket
