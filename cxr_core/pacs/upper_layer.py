"""The DICOM upper layer of an association (PS3.8): fragments of a data set go straight to where it is gathered.

An X-ray of 8 MB comes as 64 fragments, and pynetdicom copies each six times and makes four objects of it. Whatever is
no such fragment is left to pynetdicom.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any, cast

from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.dul import DULServiceProvider
from pynetdicom.events import Event

from cxr_core.pacs.wire import Wire

_P_DATA_TF = 0x04
_PDU, _ITEM = struct.Struct(">BxL"), struct.Struct(">LBB")
"""Type and length of a PDU (PS3.8 Table 9-22); length, context and message control header of an item (9-23, E.2)."""
_LENGTH, _CONTEXT_AND_CONTROL = 4, 2
"""Bytes of an item besides its fragment; its own length counts the second alone."""
_COMMAND, _LAST = 0b01, 0b10
"""Bits of a message control header."""


class UpperLayer(DULServiceProvider):
    """pynetdicom's, with a short way for those fragments of a data set after which more follow."""

    def _read_pdu_data(self) -> None:
        """Read the fragments that are there, one after the other, or another PDU in pynetdicom's way."""
        wire = cast(Wire, self.socket)
        try:
            while (length := self._fragment_ahead(wire)) is not None:
                self._gather(wire, length)
                if not wire.something_is_there():
                    return
        except OSError:
            self.event_queue.put("Evt17")  # the connection is closed
            return
        super()._read_pdu_data()

    def _fragment_ahead(self, wire: Wire) -> int | None:
        """The bytes of the fragment that comes next; None where it is the last of its data set, or something else."""
        if self.assoc.dimse.message is None or self.state_machine.current_state != "Sta6":
            return None
        header = wire.ahead(_PDU.size)
        if len(header) < _PDU.size or _PDU.unpack(header)[0] != _P_DATA_TF:
            return None
        header = wire.ahead(_PDU.size + _ITEM.size)
        if len(header) < _PDU.size + _ITEM.size:
            return None
        (_, pdu), (item, _, control) = _PDU.unpack_from(header), _ITEM.unpack_from(header, _PDU.size)
        is_alone = pdu == _LENGTH + item and item >= _CONTEXT_AND_CONTROL
        return item - _CONTEXT_AND_CONTROL if is_alone and not control & (_COMMAND | _LAST) else None

    def _gather(self, wire: Wire, length: int) -> None:
        """Move a fragment to its data set. Raises OSError where the connection ends within it, or it is too much."""
        wire.recv(_PDU.size + _ITEM.size)
        wire.pour(length, self._data_set())

    def _data_set(self) -> BytesIO:
        message = self.assoc.dimse.message
        assert message is not None and message.data_set is not None
        if isinstance(message, C_STORE_RQ) and not message.data_set.tell():
            message.data_set = Pieces()
        return message.data_set


class Pieces(BytesIO):
    """The data set of a C-STORE as it comes, read when it is whole. In one place, it would be moved as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes | bytearray] = []
        self._size = 0

    def write(self, piece: Any) -> int:
        """Keep one more."""
        self.pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How many bytes have come."""
        return self._size

    def getvalue(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces)


def file_of(event: Event) -> bytes:
    """The DICOM file (PS3.10) with what a C-STORE brought, its data set exactly as it came."""
    data_set = cast(BytesIO, cast(C_STORE, event.request).DataSet)
    pieces = data_set.pieces if isinstance(data_set, Pieces) else [data_set.getvalue()]
    return b"".join((bytes(128), b"DICM", encode_file_meta(event.file_meta), *pieces))
